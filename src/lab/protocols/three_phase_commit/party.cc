// Deciding, telling and asking; and the coordinator.
#include "lab/protocols/three_phase_commit/roles.h"

namespace ostraka::lab::three_phase {

Party::Party(const Birth& birth, const Parameters& parameters)
    : self_(birth.self),
      participants_(static_cast<std::uint32_t>(parameters["participants"])),
      patience_(parameters.milliseconds("patience")),
      termination_(static_cast<Termination>(parameters["termination"])),
      is_restart_(birth.is_restart) {
  if (const auto it = birth.storage->find("outcome"); it != birth.storage->end()) {
    outcome_ = it->second.text() == "commit";
  }
}

void Party::decide(bool is_commit, const std::string& why, Effects& effects) {
  outcome_ = is_commit;
  for (const char* timer : {"votes", "acks", "silence", "states", "ask"}) {
    effects.disarm(timer);
  }
  effects.write("outcome", is_commit ? "commit" : "abort");
  effects.output("decision", {{"commit", is_commit ? 1 : 0}}, why);
  effects.show("state", is_commit ? "committed" : "aborted");
}

void Party::tell(ProcessId to, Effects& effects) const {
  effects.send_after_durable(to, has_committed() ? "commit" : "abort");
}

void Party::tell_all(Effects& effects) const {
  for (std::uint32_t id = 1; id <= participants_ + 1; ++id) {
    if (ProcessId{id} != self_) {
      tell(ProcessId{id}, effects);
    }
  }
}

void Party::ask_all(base::Instant now, Effects& effects) {
  effects.at(Step::recover);
  for (std::uint32_t id = 1; id <= participants_ + 1; ++id) {
    if (ProcessId{id} != self_) {
      effects.send(ProcessId{id}, "ask");
    }
  }
  effects.arm("ask", now + patience_ * 3);
}

Coordinator::Coordinator(const Birth& birth, const Parameters& parameters)
    : Party(birth, parameters) {
  if (birth.storage->contains("begun")) {
    phase_ = Phase::blocked;
  }
}

void Coordinator::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, event.now, effects);
  } else if (std::holds_alternative<Input>(event.body)) {
    begin(event.now, effects);
  } else if (const auto* timer = std::get_if<TimerFired>(&event.body)) {
    if (timer->name == "votes") {
      finish(false, "votes are missing: decides to abort", effects);
    } else if (timer->name == "acks") {
      on_acks_late(event.now, effects);
    } else {
      ask_all(event.now, effects);
    }
  } else if (std::holds_alternative<Started>(event.body) && phase_ == Phase::blocked &&
             !is_decided()) {
    effects.show("state", "recovers");
    ask_all(event.now, effects);
  }
}

void Coordinator::begin(base::Instant now, Effects& effects) {
  if (phase_ != Phase::idle) {
    return;
  }
  phase_ = Phase::voting;
  effects.at(Step::can_commit);
  effects.write("begun", 1);
  effects.show("state", "collects votes");
  for (std::uint32_t i = 0; i < participants_; ++i) {
    effects.send_after_durable(ProcessId{self_.value() + 1 + i}, "can_commit");
  }
  effects.arm("votes", now + patience_);
}

void Coordinator::on_message(ProcessId from, const Message& message, base::Instant now,
                             Effects& effects) {
  if (message.kind == "ask") {
    effects.at(Step::recover);
    if (is_decided()) {
      tell(from, effects);
    }
  } else if (is_decided()) {
    return;
  } else if (message.kind == "vote") {
    on_vote(from, message.fields.text("answer") == "yes", now, effects);
  } else if (message.kind == "pre_committed" && phase_ == Phase::pre_committing) {
    heard_.insert(from);
    if (heard_.size() == participants_) {
      finish(true, "everyone is pre-committed: commits", effects);
    }
  } else if (message.kind == "commit" || message.kind == "abort") {
    effects.at(Step::conclude);
    decide(message.kind == "commit", message.kind == "commit" ? "commits" : "aborts", effects);
  }
}

void Coordinator::on_vote(ProcessId from, bool is_yes, base::Instant now, Effects& effects) {
  if (phase_ != Phase::voting) {
    return;
  }
  heard_.insert(from);
  if (!is_yes) {
    finish(false, "one vote is no: decides to abort", effects);
  } else if (heard_.size() == participants_) {
    phase_ = Phase::pre_committing;
    heard_.clear();
    effects.at(Step::pre_commit);
    effects.disarm("votes");
    effects.show("state", "has all votes");
    for (std::uint32_t i = 0; i < participants_; ++i) {
      effects.send(ProcessId{self_.value() + 1 + i}, "pre_commit");
    }
    effects.arm("acks", now + patience_);
  }
}

void Coordinator::on_acks_late(base::Instant now, Effects& effects) {
  if (termination_ != Termination::quorum) {
    finish(true, "takes those that do not answer for crashed: commits", effects);
  } else if (heard_.size() >= quorum()) {
    finish(true, "a majority is pre-committed: commits", effects);
  } else {
    phase_ = Phase::blocked;
    effects.at(Step::quorum);
    effects.note("blocked", "less than a majority is pre-committed: must not decide, and asks");
    effects.show("state", "blocked");
    ask_all(now, effects);
  }
}

void Coordinator::finish(bool is_commit, const char* why, Effects& effects) {
  effects.at(is_commit ? Step::commit : Step::pre_commit);
  decide(is_commit, why, effects);
  tell_all(effects);
}

}  // namespace ostraka::lab::three_phase
