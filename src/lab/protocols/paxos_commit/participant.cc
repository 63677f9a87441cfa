#include "lab/protocols/paxos_commit/roles.h"

namespace ostraka::lab::paxos_tx {

Participant::Participant(const Birth& birth, const Parameters& parameters)
    : commit::Participant(birth, parameters.milliseconds("patience") * 3), cast_(parameters) {}

void Participant::on_message(ProcessId, const Message& message, base::Instant now,
                             Effects& effects) {
  if (message.kind == "prepare") {
    prepare(now, effects);
    return;
  }
  effects.at(Step::obey);
  if (message.kind == "abort") {
    abort("aborts", effects);
  } else if (state() == State::in_doubt) {
    commit(effects);
  }
}

// Phase 2a of ballot 0 of its own instance: nobody else may propose in that ballot.
void Participant::send_vote(bool is_yes, Effects& effects) {
  for (const ProcessId each : cast_.acceptors()) {
    effects.send_after_durable(each, "vote", {{"answer", is_yes ? "prepared" : "aborted"}});
  }
}

void Participant::ask(Effects& effects) {
  effects.at(Step::ask);
  effects.note("waits", "in doubt: asks for the outcome");
  effects.send(cast_.leader(asked_ % cast_.leaders), "ask");
  ++asked_;
}

}  // namespace ostraka::lab::paxos_tx
