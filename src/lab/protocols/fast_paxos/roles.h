// The processes of Fast Paxos: proposers, which send their values to the acceptors themselves,
// coordinators and acceptors.
//
// Threads: none.
#pragma once

#include "base/prng.h"
#include "lab/core/process.h"
#include "lab/protocols/fast_paxos/rounds.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace ostraka::lab::fast {

// The steps of the algorithm on the page.
enum Step : int {
  prepare = 1,
  promise,
  open,
  vote,
  learn,
  choose_value,
  coordinated,
  uncoordinated,
  fall_back
};

class Proposer final : public Process {
 public:
  Proposer(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void propose(bool is_again, base::Instant now, Effects& effects) const;
  void on_message(ProcessId from, const Message& message, Effects& effects);

  Cast cast_;
  base::Duration patience_;
  std::string value_;  // empty: nothing to propose
  Tally tally_;
  bool is_done_ = false;
};

class Coordinator final : public Process {
 public:
  Coordinator(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  enum class Phase : std::uint8_t {
    idle,
    preparing,
    waiting,  // promised a classic round, and nobody has a value
    proposed
  };

  void on_message(ProcessId from, const Message& message, base::Instant now, Effects& effects);
  void on_promise(ProcessId from, const Fields& fields, Effects& effects);
  void on_vote(ProcessId from, const Fields& fields, Effects& effects);
  void on_collision(const Votes& votes, Effects& effects);
  void begin(std::int64_t round, Effects& effects);
  void begin_next(Effects& effects);
  void propose(const std::string& value, Effects& effects);
  void wait_for_decision(base::Instant now, Effects& effects);

  ProcessId self_;
  Cast cast_;
  base::Prng prng_;
  base::Duration patience_;
  bool is_restart_;
  Phase phase_ = Phase::idle;
  std::int64_t round_ = 0;  // its latest
  std::int64_t seen_ = 0;   // the highest that it heard of
  Votes promises_;
  std::map<std::int64_t, Votes> votes_;  // by round
  Tally tally_;
  std::optional<std::string> wanted_;  // what a client proposed first
  bool is_waiting_ = false;            // the timer runs
  std::optional<Vote> chosen_;
};

class Acceptor final : public Process {
 public:
  Acceptor(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void on_prepare(ProcessId from, std::int64_t round, Effects& effects);
  void on_any(std::int64_t round, Effects& effects);
  void on_propose(const Fields& fields, Effects& effects);
  void on_accept(ProcessId from, const Fields& fields, Effects& effects);
  void on_vote(ProcessId from, const Vote& vote, Effects& effects);
  void vote_freely(Effects& effects);
  void vote_for(std::int64_t round, const std::string& value, Effects& effects);
  void tell(Effects& effects) const;
  void refuse(ProcessId from, std::int64_t round, Effects& effects) const;
  void show(Effects& effects) const;

  ProcessId self_;
  Cast cast_;
  std::int64_t promised_ = 0;
  std::int64_t any_ = 0;  // the fast round that was opened here last
  Vote vote_;
  std::optional<std::string> offered_;   // what a proposer sent first
  std::map<std::int64_t, Votes> votes_;  // of all acceptors, by round; for uncoordinated recovery
};

}  // namespace ostraka::lab::fast
