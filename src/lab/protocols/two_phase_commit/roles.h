// The processes of two-phase commit: coordinator (process 1) and participants (2, 3, …).
//
// Threads: none. Limits: one transaction a run.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "lab/protocols/atomic_commit/participant.h"

#include <cstdint>
#include <set>

namespace ostraka::lab::two_phase {

struct Step {
  enum : int {
    prepare = 1,
    vote = commit::kVoteStep,
    decide = 3,
    obey = 4,
    forget = 5,
    ask = 6,
    ask_peers = 7,
  };
};

class Coordinator final : public Process {
 public:
  Coordinator(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  enum class Phase : std::uint8_t { idle, collecting, recording, committed };

  void begin(base::Instant now, Effects& effects);
  void on_message(ProcessId from, const Message& message, Effects& effects);
  void on_vote(ProcessId from, bool is_yes, Effects& effects);
  void on_ask(ProcessId from, Effects& effects);
  void on_ack(ProcessId from, Effects& effects);
  void abort(const char* why, Effects& effects);
  void send_commits(base::Instant now, Effects& effects);

  std::int64_t participants_;
  base::Duration patience_;
  Phase phase_ = Phase::idle;
  bool is_asked_ = false;
  std::set<ProcessId> open_;  // those whose vote, later whose acknowledgement, is missing
  std::set<ProcessId> refused_;
};

class Participant final : public commit::Participant {
 public:
  Participant(const Birth& birth, const Parameters& parameters);

 private:
  void on_message(ProcessId from, const Message& message, base::Instant now,
                  Effects& effects) override;
  void send_vote(bool is_yes, Effects& effects) override;
  void ask(Effects& effects) override;
  void on_commit(Effects& effects);
  void on_peer_asks(ProcessId from, Effects& effects);

  ProcessId self_;
  std::int64_t participants_;
  bool is_cooperative_;  // asks the other participants too
};

}  // namespace ostraka::lab::two_phase
