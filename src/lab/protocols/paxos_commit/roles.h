// The processes of Paxos Commit. Each participant has an instance of Paxos of its own, which
// decides whether it is prepared; ballots and messages are for all instances together.
//
// Ballot 0 belongs to the participants, each for its own instance; the others to the leaders in
// turn. Threads: none. Limits: one transaction a run.
#pragma once

#include "base/prng.h"
#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "lab/protocols/atomic_commit/participant.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ostraka::lab::paxos_tx {

// The steps of the algorithm on the page.
struct Step {
  enum : int {
    prepare = 1,
    vote = commit::kVoteStep,
    accept = 3,
    decide = 4,
    obey = 5,
    ask = 6,
    new_ballot = 7,
    propose = 8,
  };
};

// c comes first, then participants, then the other leaders, then acceptors.
struct Cast {
  std::int64_t participants = 0;
  std::int64_t leaders = 0;
  std::int64_t f = 0;  // of 2 f + 1 acceptors so many may be down

  explicit Cast(const Parameters& parameters);
  [[nodiscard]] ProcessId leader(std::int64_t place) const;  // from 0; 0 is c
  [[nodiscard]] ProcessId owner_of(std::int64_t ballot) const;
  [[nodiscard]] std::set<ProcessId> acceptors() const;
  [[nodiscard]] std::size_t quorum() const { return static_cast<std::size_t>(f) + 1; }
};

struct Acceptance {
  std::int64_t ballot = 0;
  bool is_prepared = false;  // else: aborted
};
// By the number of the participant; what is not there has not been accepted.
using Acceptances = std::map<std::int64_t, Acceptance>;

class Participant final : public commit::Participant {
 public:
  Participant(const Birth& birth, const Parameters& parameters);

 private:
  void on_message(ProcessId from, const Message& message, base::Instant now,
                  Effects& effects) override;
  void send_vote(bool is_yes, Effects& effects) override;
  void ask(Effects& effects) override;

  Cast cast_;
  std::int64_t asked_ = 0;  // how often
};

class Acceptor final : public Process {
 public:
  Acceptor(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void on_vote(ProcessId from, bool is_prepared, Effects& effects);
  void on_new_ballot(ProcessId from, std::int64_t ballot, Effects& effects);
  void on_accept(ProcessId from, const Fields& fields, Effects& effects);
  void promise(std::int64_t ballot, Effects& effects);
  void write_accepted(Effects& effects) const;
  void refuse(ProcessId from, std::int64_t ballot, Effects& effects) const;
  void show(Effects& effects) const;

  Cast cast_;
  bool is_stable_;  // writes before it answers
  std::int64_t promised_ = 0;
  Acceptances accepted_;
};

class Leader final : public Process {
 public:
  Leader(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  enum class Phase : std::uint8_t { idle, collecting, preparing, proposing };

  void begin(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, base::Instant now, Effects& effects);
  void on_accepted(ProcessId from, const Acceptances& accepted, Effects& effects);
  void on_promise(ProcessId from, const Fields& fields, Effects& effects);
  void on_ask(ProcessId from, base::Instant now, Effects& effects);
  void begin_ballot(base::Instant now, Effects& effects);
  void decide(bool is_commit, const char* why, Effects& effects);
  void tell(ProcessId to, Effects& effects) const;

  ProcessId self_;
  Cast cast_;
  base::Prng prng_;
  base::Duration patience_;
  Phase phase_ = Phase::idle;
  std::int64_t ballot_ = 0;  // its latest
  std::int64_t seen_ = 0;    // the highest that it heard of
  std::map<ProcessId, Acceptances> promises_;
  // who has accepted, by participant and ballot: the ballot fixes the value
  std::map<std::pair<std::int64_t, std::int64_t>, std::set<ProcessId>> acceptors_;
  std::set<std::int64_t> prepared_;  // participants for which that is chosen
  std::optional<bool> outcome_;
};

// [["p1", "prepared", 0], …], as messages and disks have it.
[[nodiscard]] List to_list(const Acceptances& accepted);
[[nodiscard]] Acceptances to_acceptances(const List& list);

}  // namespace ostraka::lab::paxos_tx
