#include "lab/protocols/two_phase_commit/roles.h"

#include "lab/protocols/atomic_commit/cast.h"

#include <string>

namespace ostraka::lab::two_phase {

using commit::all_participants;
using commit::kCoordinator;

// -- coordinator

Coordinator::Coordinator(const Birth& birth, const Parameters& parameters)
    : participants_(parameters["participants"]), patience_(parameters.milliseconds("patience")) {
  if (birth.storage->contains("outcome")) {
    phase_ = Phase::committed;  // nothing else is ever written down
    open_ = all_participants(participants_);
  }
}

void Coordinator::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, effects);
  } else if (std::holds_alternative<Input>(event.body)) {
    begin(event.now, effects);
  } else if (const auto* timer = std::get_if<TimerFired>(&event.body)) {
    if (timer->name == "votes") {
      abort("votes are missing: decides to abort", effects);
    } else {
      send_commits(event.now, effects);
    }
  } else if (std::holds_alternative<Durable>(event.body) && phase_ == Phase::recording) {
    phase_ = Phase::committed;
    effects.at(Step::decide);
    effects.show("phase", "committed");
    effects.output("decision", {{"commit", 1}}, "decides to commit");
    open_ = all_participants(participants_);
    send_commits(event.now, effects);
  } else if (std::holds_alternative<Started>(event.body)) {
    effects.show("phase", phase_ == Phase::committed ? "committed" : "knows of no transaction");
    if (phase_ == Phase::committed) {
      send_commits(event.now, effects);
    }
  }
}

void Coordinator::begin(base::Instant now, Effects& effects) {
  if (is_asked_ || phase_ != Phase::idle) {
    return;
  }
  is_asked_ = true;
  phase_ = Phase::collecting;
  open_ = all_participants(participants_);
  effects.at(Step::prepare);
  effects.show("phase", "collects votes");
  for (const ProcessId each : open_) {
    effects.send(each, "prepare");
  }
  effects.arm("votes", now + patience_);
}

void Coordinator::on_message(ProcessId from, const Message& message, Effects& effects) {
  if (message.kind == "vote") {
    on_vote(from, message.fields.text("answer") == "yes", effects);
  } else if (message.kind == "ask") {
    on_ask(from, effects);
  } else if (message.kind == "ack") {
    on_ack(from, effects);
  }
}

void Coordinator::on_vote(ProcessId from, bool is_yes, Effects& effects) {
  if (phase_ != Phase::collecting) {
    return;
  }
  open_.erase(from);
  if (!is_yes) {
    refused_.insert(from);
    abort("one vote is no: decides to abort", effects);
  } else if (open_.empty()) {
    phase_ = Phase::recording;
    effects.at(Step::decide);
    effects.disarm("votes");
    effects.write("outcome", "commit");
    effects.note("record", "has all votes, and writes commit to its log");
  }
}

// Nothing is written, nobody is waited for: who asks later is told abort because nothing is known.
void Coordinator::abort(const char* why, Effects& effects) {
  phase_ = Phase::idle;
  effects.at(Step::decide);
  effects.disarm("votes");
  effects.show("phase", "knows of no transaction");
  effects.output("decision", {{"commit", 0}}, why);
  for (const ProcessId each : all_participants(participants_)) {
    if (!refused_.contains(each)) {
      effects.send(each, "abort");
    }
  }
}

void Coordinator::send_commits(base::Instant now, Effects& effects) {
  effects.at(Step::decide);
  for (const ProcessId each : open_) {
    effects.send(each, "commit");
  }
  effects.arm("resend", now + patience_);
}

void Coordinator::on_ask(ProcessId from, Effects& effects) {
  effects.at(Step::ask);
  if (phase_ == Phase::committed) {
    effects.send(from, "commit");
  } else if (phase_ == Phase::idle) {
    effects.note("presumption", "knows nothing of the transaction: it was aborted");
    effects.send(from, "abort");
  }
}

void Coordinator::on_ack(ProcessId from, Effects& effects) {
  if (phase_ == Phase::committed && open_.erase(from) == 1 && open_.empty()) {
    phase_ = Phase::idle;
    effects.at(Step::forget);
    effects.disarm("resend");
    effects.erase("outcome");
    effects.show("phase", "knows of no transaction");
    effects.note("forget", "everyone has committed: forgets the transaction");
  }
}

// -- participant

Participant::Participant(const Birth& birth, const Parameters& parameters)
    : commit::Participant(birth, parameters.milliseconds("patience") * 2,
                          parameters.text("log") == "forced"),
      self_(birth.self),
      participants_(parameters["participants"]),
      is_cooperative_(parameters.text("termination") == "cooperative") {}

void Participant::on_message(ProcessId from, const Message& message, base::Instant now,
                             Effects& effects) {
  if (message.kind == "prepare") {
    prepare(now, effects);
  } else if (message.kind == "commit") {
    on_commit(effects);
  } else if (message.kind == "abort") {
    effects.at(Step::obey);
    abort("aborts", effects);
  } else if (message.kind == "ask") {
    on_peer_asks(from, effects);
  }
}

void Participant::send_vote(bool is_yes, Effects& effects) {
  if (is_yes) {
    effects.send_after_durable(kCoordinator, "vote", {{"answer", "yes"}});
  } else {
    effects.send(kCoordinator, "vote", {{"answer", "no"}});
  }
}

void Participant::on_commit(Effects& effects) {
  effects.at(Step::obey);
  if (state() == State::aborted) {
    effects.note("contradiction", "is told to commit what it has undone");
    effects.send(kCoordinator, "ack");
    return;
  }
  if (state() == State::in_doubt) {
    commit(effects);
  }
  effects.send_after_durable(kCoordinator, "ack");
}

void Participant::ask(Effects& effects) {
  effects.at(Step::ask);
  effects.note("blocked", "in doubt: must neither commit nor abort, and asks");
  effects.send(kCoordinator, "ask");
  if (is_cooperative_) {
    effects.at(Step::ask_peers);
    for (const ProcessId each : all_participants(participants_)) {
      if (each != self_) {
        effects.send(each, "ask");
      }
    }
  }
}

void Participant::on_peer_asks(ProcessId from, Effects& effects) {
  effects.at(Step::ask_peers);
  if (state() == State::working) {
    abort("has not voted, so it may abort", effects);
  }
  effects.send(from, state() == State::committed ? "commit"
                     : state() == State::aborted ? "abort"
                                                 : "in_doubt");
}

}  // namespace ostraka::lab::two_phase
