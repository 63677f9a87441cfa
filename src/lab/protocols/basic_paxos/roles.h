// The three roles of Basic Paxos as processes.
//
// Numbers of proposals: round * proposers + place of the proposer, so that no two share one.
// Threads: none.
#pragma once

#include "base/prng.h"
#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace ostraka::lab::paxos {

// The steps of the algorithm on the page.
enum Step : int { prepare = 1, promise, propose, accept, learn, retry };

// Who is who: proposers come first, then acceptors, then learners.
struct Cast {
  std::uint32_t proposers = 0;
  std::uint32_t acceptors = 0;
  std::uint32_t learners = 0;

  explicit Cast(const Parameters& parameters);
  [[nodiscard]] ProcessId proposer(std::uint32_t i) const { return ProcessId{i + 1}; }
  [[nodiscard]] ProcessId acceptor(std::uint32_t i) const { return ProcessId{proposers + i + 1}; }
  [[nodiscard]] ProcessId learner(std::uint32_t i) const {
    return ProcessId{proposers + acceptors + i + 1};
  }
  [[nodiscard]] std::size_t majority() const { return acceptors / 2 + 1; }
};

struct Proposal {
  std::int64_t number = 0;
  std::string value;
};

class Proposer final : public Process {
 public:
  Proposer(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void on_message(ProcessId from, const Message& message, Effects& effects);
  void on_promise(ProcessId from, const Fields& fields, Effects& effects);
  void on_accepted(ProcessId from, const Fields& fields, Effects& effects);
  void begin_ballot(base::Instant now, Effects& effects);
  void send_accept(Effects& effects);

  ProcessId self_;
  Cast cast_;
  base::Prng prng_;
  base::Duration patience_;
  base::Duration back_off_;  // zero: none
  std::string own_value_;    // empty: nothing to propose yet
  std::int64_t number_ = 0;  // of the ballot under way
  std::int64_t seen_ = 0;    // the highest number heard of
  std::set<ProcessId> promised_;
  std::map<std::int64_t, std::set<ProcessId>> accepted_;  // by number
  Proposal highest_;                                      // accepted before, among the promises
  std::optional<std::string> proposed_;  // the value of this ballot, once phase 2 has begun
  bool is_done_ = false;
};

class Acceptor final : public Process {
 public:
  Acceptor(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void on_prepare(ProcessId from, std::int64_t number, Effects& effects);
  void on_accept(ProcessId from, const Fields& fields, Effects& effects);
  void show(Effects& effects) const;

  Cast cast_;
  bool is_stable_;  // writes before it answers
  std::int64_t promised_ = 0;
  Proposal accepted_;
};

class Learner final : public Process {
 public:
  Learner(const Birth&, const Parameters& parameters) : cast_(parameters) {}
  void step(const Event& event, Effects& effects) override;

 private:
  Cast cast_;
  std::map<std::int64_t, std::set<ProcessId>> accepted_;  // by number
  bool is_done_ = false;
};

}  // namespace ostraka::lab::paxos
