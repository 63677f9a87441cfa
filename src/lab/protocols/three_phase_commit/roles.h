// The processes of three-phase commit: coordinator (process 1) and participants (2, 3, …), of which
// one takes the coordinator's place when that is silent.
//
// Threads: none. Limits: one transaction a run.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace ostraka::lab::three_phase {

struct Step {
  enum : int {
    can_commit = 1,
    vote = 2,
    pre_commit = 3,
    acknowledge = 4,
    commit = 5,
    take_over = 6,
    conclude = 7,
    recover = 8,
    quorum = 9,
  };
};

enum class Termination : std::uint8_t { time_outs, elected, quorum };  // as the parameter's choices

// What coordinator and participants share: deciding, telling, asking.
class Party : public Process {
 public:
  Party(const Birth& birth, const Parameters& parameters);

 protected:
  [[nodiscard]] bool is_decided() const { return outcome_.has_value(); }
  [[nodiscard]] bool has_committed() const { return outcome_ == true; }
  [[nodiscard]] std::size_t quorum() const { return participants_ / 2 + 1; }
  void decide(bool is_commit, const std::string& why, Effects& effects);
  // The decision, to everyone else or to one.
  void tell_all(Effects& effects) const;
  void tell(ProcessId to, Effects& effects) const;
  // For the outcome, of everyone else, again and again.
  void ask_all(base::Instant now, Effects& effects);

  ProcessId self_;
  std::uint32_t participants_;
  base::Duration patience_;
  Termination termination_;
  bool is_restart_;

 private:
  std::optional<bool> outcome_;
};

class Coordinator final : public Party {
 public:
  Coordinator(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  enum class Phase : std::uint8_t { idle, voting, pre_committing, blocked };

  void begin(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, base::Instant now, Effects& effects);
  void on_vote(ProcessId from, bool is_yes, base::Instant now, Effects& effects);
  void on_acks_late(base::Instant now, Effects& effects);
  void finish(bool is_commit, const char* why, Effects& effects);

  Phase phase_ = Phase::idle;
  std::set<ProcessId> heard_;  // in this phase
};

class Participant final : public Party {
 public:
  Participant(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  enum class State : std::uint8_t { working, uncertain, pre_committed, pre_aborted };
  enum class Backup : std::uint8_t { none, asks_states, prepares };

  void recover(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, base::Instant now, Effects& effects);
  void on_timer(const std::string& name, base::Instant now, Effects& effects);
  void on_can_commit(base::Instant now, Effects& effects);
  void on_prepare(ProcessId from, State goal, base::Instant now, Effects& effects);
  void on_state_request(ProcessId from, base::Instant now, Effects& effects);
  void on_decision(bool is_commit, Effects& effects);
  void on_silence(base::Instant now, Effects& effects);
  void arm_silence(base::Instant now, Effects& effects) const;
  void move_to(State state, Effects& effects);
  // As the coordinator's substitute.
  void take_over(base::Instant now, Effects& effects);
  void choose(base::Instant now, Effects& effects);
  void prepare(State goal, base::Instant now, Effects& effects);
  void on_prepared(ProcessId from, State goal, Effects& effects);
  void conclude(bool is_commit, const std::string& why, Effects& effects);
  void wait_on(base::Instant now, const char* why, Effects& effects);
  [[nodiscard]] std::size_t count(State state) const;
  void show(Effects& effects) const;

  State state_ = State::working;
  bool is_refusing_ = false;
  Backup backup_ = Backup::none;
  State goal_ = State::working;         // of `prepares`
  std::map<ProcessId, State> answers_;  // to it, its own among them
  std::set<ProcessId> waiting_;         // whose acknowledgement is missing
};

}  // namespace ostraka::lab::three_phase
