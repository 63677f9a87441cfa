// A participant of an atomic commitment that has one state between its vote and the decision: in
// doubt. What its vote is sent to, and whom it asks when it hears nothing, is its protocol's.
//
// Stable storage: "vote" before a yes is sent, "outcome". Threads: none. Limits: one transaction a
// run.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstdint>

namespace ostraka::lab::commit {

inline constexpr int kVoteStep = 2;  // on the page of every protocol that uses this

class Participant : public Process {
 public:
  void step(const Event& event, Effects& effects) override;

 protected:
  enum class State : std::uint8_t { working, in_doubt, committed, aborted };

  // Asks when it has been in doubt for `silence`, again and again. `is_forced`: its vote is on
  // stable storage before it is sent.
  Participant(const Birth& birth, base::Duration silence, bool is_forced = true);

  virtual void on_message(ProcessId from, const Message& message, base::Instant now,
                          Effects& effects) = 0;
  virtual void send_vote(bool is_yes, Effects& effects) = 0;
  // Sends what it asks; the next time is arranged for.
  virtual void ask(Effects& effects) = 0;

  // It is asked to prepare: votes.
  void prepare(base::Instant now, Effects& effects);
  // Requires a vote yes.
  void commit(Effects& effects);
  // Unless it has decided.
  void abort(const char* why, Effects& effects);
  [[nodiscard]] State state() const { return state_; }

 private:
  void recover(base::Instant now, Effects& effects);
  void ask_again(base::Instant now, Effects& effects);
  void show(Effects& effects) const;

  base::Duration silence_;
  bool is_forced_;
  bool is_restart_;
  State state_ = State::working;
  bool is_refusing_ = false;
};

}  // namespace ostraka::lab::commit
