#include "lab/protocols/three_phase_commit/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ostraka::lab::three_phase {
namespace {

constexpr std::array<std::string_view, 4> kStates{"working", "uncertain", "pre_committed",
                                                  "pre_aborted"};

std::size_t place_of(const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(kStates, name) - kStates.begin());
}

}  // namespace

Participant::Participant(const Birth& birth, const Parameters& parameters)
    : Party(birth, parameters) {
  if (const auto it = birth.storage->find("state"); it != birth.storage->end()) {
    state_ = static_cast<State>(place_of(it->second.text()));
  }
}

void Participant::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, event.now, effects);
  } else if (std::holds_alternative<Input>(event.body)) {
    is_refusing_ = true;
    effects.note("refusal", "cannot do its part");
  } else if (const auto* timer = std::get_if<TimerFired>(&event.body)) {
    on_timer(timer->name, event.now, effects);
  } else if (std::holds_alternative<Started>(event.body)) {
    recover(event.now, effects);
  }
  show(effects);
}

void Participant::show(Effects& effects) const {
  if (!is_decided()) {
    effects.show("state", std::string(kStates.at(static_cast<std::size_t>(state_))));
  }
  effects.show("backup", is_decided() || backup_ == Backup::none ? ""
                         : backup_ == Backup::asks_states        ? "asks for states"
                                                                 : "prepares the others");
}

// Its memory may be older than what the others did meanwhile: only with quorums may it take part
// again, else it asks.
void Participant::recover(base::Instant now, Effects& effects) {
  if (!is_restart_ || is_decided()) {
    return;
  }
  effects.at(Step::recover);
  if (state_ == State::working) {
    decide(false, "finds no vote in its log: undoes its part", effects);
  } else if (termination_ == Termination::quorum) {
    arm_silence(now, effects);
  } else {
    ask_all(now, effects);
  }
}

void Participant::on_message(ProcessId from, const Message& message, base::Instant now,
                             Effects& effects) {
  const std::string& kind = message.kind;
  if (kind == "can_commit") {
    on_can_commit(now, effects);
  } else if (kind == "commit" || kind == "abort") {
    on_decision(kind == "commit", effects);
  } else if (is_decided() || kind == "ask") {
    effects.at(Step::recover);
    if (is_decided() && (kind == "ask" || kind == "state_request" || kind.starts_with("pre_"))) {
      tell(from, effects);
    }
  } else if (kind == "pre_commit" || kind == "pre_abort") {
    on_prepare(from, kind == "pre_commit" ? State::pre_committed : State::pre_aborted, now,
               effects);
  } else if (kind == "state_request") {
    on_state_request(from, now, effects);
  } else if (kind == "state" && backup_ == Backup::asks_states) {
    answers_[from] = static_cast<State>(place_of(message.fields.text("is")));
    if (answers_.size() == participants_) {
      choose(now, effects);
    }
  } else if (kind == "pre_committed" || kind == "pre_aborted") {
    on_prepared(from, kind == "pre_committed" ? State::pre_committed : State::pre_aborted, effects);
  }
}

void Participant::on_timer(const std::string& name, base::Instant now, Effects& effects) {
  if (name == "ask") {
    ask_all(now, effects);
  } else if (name == "silence") {
    on_silence(now, effects);
  } else if (name == "states") {
    choose(now, effects);
  } else if (termination_ == Termination::quorum) {
    wait_on(now, "less than a majority could be prepared: must not decide", effects);
  } else {
    conclude(true, "takes those that do not answer for crashed: commits", effects);
  }
}

void Participant::move_to(State state, Effects& effects) {
  state_ = state;
  effects.write("state", kStates.at(static_cast<std::size_t>(state)));
}

void Participant::on_can_commit(base::Instant now, Effects& effects) {
  effects.at(Step::vote);
  if (is_refusing_ || is_decided()) {
    effects.output("vote", {{"yes", 0}}, "votes no");
    if (!is_decided()) {
      decide(false, "aborts on its own", effects);
    }
    effects.send(ProcessId{1}, "vote", {{"answer", "no"}});
  } else if (state_ == State::working) {
    move_to(State::uncertain, effects);
    effects.output("vote", {{"yes", 1}}, "votes yes");
    effects.send_after_durable(ProcessId{1}, "vote", {{"answer", "yes"}});
    arm_silence(now, effects);
  }
}

void Participant::on_prepare(ProcessId from, State goal, base::Instant now, Effects& effects) {
  effects.at(goal == State::pre_committed ? Step::acknowledge : Step::quorum);
  if (state_ == State::uncertain) {
    move_to(goal, effects);
  }
  if (state_ == goal) {
    effects.send_after_durable(from,
                               goal == State::pre_committed ? "pre_committed" : "pre_aborted");
    arm_silence(now, effects);
  }
}

void Participant::on_state_request(ProcessId from, base::Instant now, Effects& effects) {
  effects.at(Step::take_over);
  if (state_ == State::working) {
    decide(false, "has not voted, so it may abort", effects);
    tell(from, effects);
  } else if (!is_restart_ || termination_ == Termination::quorum) {
    effects.send(from, "state", {{"is", kStates.at(static_cast<std::size_t>(state_))}});
    if (backup_ == Backup::none) {
      arm_silence(now, effects);
    }
  }
}

void Participant::on_decision(bool is_commit, Effects& effects) {
  if (is_decided()) {
    return;
  }
  effects.at(is_commit ? Step::commit : Step::pre_commit);
  decide(is_commit, is_commit ? "commits" : "aborts", effects);
  if (backup_ != Backup::none) {
    effects.at(Step::conclude);
    tell_all(effects);
  }
}

// Each waits longer than the one before it, so that one at a time takes over.
void Participant::arm_silence(base::Instant now, Effects& effects) const {
  const std::int64_t turns = termination_ == Termination::time_outs ? 1 : self_.value() - 1;
  if (!is_restart_ || termination_ == Termination::quorum) {
    effects.arm("silence", now + patience_ * (3 * turns));
  }
}

void Participant::on_silence(base::Instant now, Effects& effects) {
  if (termination_ != Termination::time_outs) {
    take_over(now, effects);
    return;
  }
  effects.at(Step::conclude);
  const bool is_commit = state_ == State::pre_committed;
  decide(is_commit,
         is_commit ? "hears nothing and is pre-committed: commits alone"
                   : "hears nothing and is not pre-committed: aborts alone",
         effects);
}

void Participant::take_over(base::Instant now, Effects& effects) {
  backup_ = Backup::asks_states;
  answers_ = {{self_, state_}};
  effects.at(Step::take_over);
  effects.note("take_over", "hears nothing: takes the coordinator's place and asks for states");
  for (std::uint32_t i = 0; i < participants_; ++i) {
    if (const ProcessId other{2 + i}; other != self_) {
      effects.send(other, "state_request");
    }
  }
  effects.arm("states", now + patience_);
  if (participants_ == 1) {
    choose(now, effects);
  }
}

std::size_t Participant::count(State state) const {
  return static_cast<std::size_t>(
      std::ranges::count(answers_, state, [](const auto& each) { return each.second; }));
}

void Participant::choose(base::Instant now, Effects& effects) {
  effects.disarm("states");
  const std::size_t uncertain = count(State::uncertain);
  const std::size_t ready = count(State::pre_committed);
  if (termination_ == Termination::elected) {
    if (ready > 0) {
      prepare(State::pre_committed, now, effects);
    } else {
      conclude(false, "nobody that answers is pre-committed, so nobody has committed: aborts",
               effects);
    }
  } else if (ready > 0 && ready + uncertain >= quorum()) {
    prepare(State::pre_committed, now, effects);
  } else if (count(State::pre_aborted) + uncertain >= quorum()) {
    prepare(State::pre_aborted, now, effects);
  } else {
    wait_on(now, "no majority answers: must not decide", effects);
  }
}

void Participant::prepare(State goal, base::Instant now, Effects& effects) {
  backup_ = Backup::prepares;
  goal_ = goal;
  waiting_.clear();
  effects.at(termination_ == Termination::quorum ? Step::quorum : Step::conclude);
  if (state_ == State::uncertain) {
    move_to(goal, effects);
    answers_[self_] = goal;
  }
  for (const auto& [other, state] : answers_) {
    if (state == State::uncertain) {
      waiting_.insert(other);
      effects.send_after_durable(other, goal == State::pre_committed ? "pre_commit" : "pre_abort");
    }
  }
  effects.arm("acks", now + patience_);
  on_prepared(self_, state_, effects);  // nobody to wait for?
}

void Participant::on_prepared(ProcessId from, State goal, Effects& effects) {
  if (backup_ != Backup::prepares) {
    return;
  }
  waiting_.erase(from);
  answers_[from] = goal;
  const bool is_enough =
      termination_ == Termination::quorum ? count(goal_) >= quorum() : waiting_.empty();
  if (is_enough) {
    const bool is_commit = goal_ == State::pre_committed;
    conclude(is_commit,
             fmt::format("{} are {}: {}", count(goal_), is_commit ? "pre-committed" : "pre-aborted",
                         is_commit ? "commits" : "aborts"),
             effects);
  }
}

void Participant::conclude(bool is_commit, const std::string& why, Effects& effects) {
  effects.at(Step::conclude);
  decide(is_commit, why, effects);
  tell_all(effects);
}

void Participant::wait_on(base::Instant now, const char* why, Effects& effects) {
  backup_ = Backup::none;
  effects.at(Step::quorum);
  effects.note("blocked", why);
  effects.disarm("acks");
  arm_silence(now, effects);
}

}  // namespace ostraka::lab::three_phase
