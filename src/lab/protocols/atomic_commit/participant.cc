#include "lab/protocols/atomic_commit/participant.h"

#include <array>
#include <string>

namespace ostraka::lab::commit {

Participant::Participant(const Birth& birth, base::Duration silence, bool is_forced)
    : silence_(silence), is_forced_(is_forced), is_restart_(birth.is_restart) {
  if (const auto it = birth.storage->find("outcome"); it != birth.storage->end()) {
    state_ = it->second.text() == "commit" ? State::committed : State::aborted;
  } else if (birth.storage->contains("vote")) {
    state_ = State::in_doubt;
  }
}

void Participant::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, event.now, effects);
  } else if (std::holds_alternative<Input>(event.body)) {
    is_refusing_ = true;
    effects.note("refusal", "cannot do its part");
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    ask_again(event.now, effects);
  } else if (std::holds_alternative<Started>(event.body)) {
    recover(event.now, effects);
  }
  show(effects);
}

void Participant::show(Effects& effects) const {
  constexpr std::array<const char*, 4> kStates{"working", "in doubt, holds its locks", "committed",
                                               "aborted"};
  effects.show("state", std::string(kStates.at(static_cast<std::size_t>(state_))));
}

void Participant::recover(base::Instant now, Effects& effects) {
  if (!is_restart_) {
    return;
  }
  if (state_ == State::in_doubt) {
    ask_again(now, effects);
  } else if (state_ == State::working) {
    effects.at(kVoteStep);
    abort("finds no vote in its log: undoes its part", effects);
  }
}

void Participant::ask_again(base::Instant now, Effects& effects) {
  ask(effects);
  effects.arm("ask", now + silence_);
}

void Participant::prepare(base::Instant now, Effects& effects) {
  effects.at(kVoteStep);
  if (state_ == State::working && !is_refusing_) {
    state_ = State::in_doubt;
    if (is_forced_) {
      effects.write("vote", "yes");
    }
    effects.output("vote", {{"yes", 1}}, "votes yes");
    send_vote(true, effects);
    effects.arm("ask", now + silence_);
  } else if (state_ == State::working || state_ == State::aborted) {
    effects.output("vote", {{"yes", 0}}, "votes no");
    abort("aborts on its own", effects);
    send_vote(false, effects);
  }
}

void Participant::commit(Effects& effects) {
  state_ = State::committed;
  effects.disarm("ask");
  effects.write("outcome", "commit");
  effects.output("decision", {{"commit", 1}}, "commits");
}

void Participant::abort(const char* why, Effects& effects) {
  if (state_ == State::committed || state_ == State::aborted) {
    return;
  }
  state_ = State::aborted;
  effects.disarm("ask");
  effects.write("outcome", "abort");
  effects.output("decision", {{"commit", 0}}, why);
}

}  // namespace ostraka::lab::commit
