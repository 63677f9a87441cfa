#include "lab/protocols/atomic_commit/cast.h"
#include "lab/protocols/paxos_commit/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace ostraka::lab::paxos_tx {

Leader::Leader(const Birth& birth, const Parameters& parameters)
    : self_(birth.self),
      cast_(parameters),
      prng_(birth.seed),
      patience_(parameters.milliseconds("patience")) {
  if (const auto it = birth.storage->find("ballot"); it != birth.storage->end()) {
    ballot_ = it->second.integer();
  }
}

void Leader::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, event.now, effects);
  } else if (std::holds_alternative<Input>(event.body)) {
    begin(event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    begin_ballot(event.now, effects);
  } else if (std::holds_alternative<Started>(event.body)) {
    effects.show("state", "knows of no transaction");
  }
}

void Leader::begin(base::Instant now, Effects& effects) {
  if (phase_ != Phase::idle || outcome_.has_value()) {
    return;
  }
  phase_ = Phase::collecting;
  effects.at(Step::prepare);
  effects.show("state", "collects votes");
  for (const ProcessId each : commit::all_participants(cast_.participants)) {
    effects.send(each, "prepare");
  }
  effects.arm("patience", now + patience_ * 2);
}

void Leader::on_message(ProcessId from, const Message& message, base::Instant now,
                        Effects& effects) {
  if (message.kind == "ask") {
    on_ask(from, now, effects);
  } else if (outcome_.has_value()) {
    return;
  } else if (message.kind == "accepted") {
    on_accepted(from, to_acceptances(message.fields.list("accepted")), effects);
  } else if (message.kind == "promise") {
    on_promise(from, message.fields, effects);
  } else if (message.kind == "refuse") {
    seen_ = std::max(seen_, message.fields.integer("promised"));
  }
}

void Leader::on_accepted(ProcessId from, const Acceptances& accepted, Effects& effects) {
  bool is_aborted = false;
  for (const auto& [participant, acceptance] : accepted) {
    std::set<ProcessId>& same = acceptors_[{participant, acceptance.ballot}];
    same.insert(from);
    if (same.size() >= cast_.quorum()) {
      is_aborted = is_aborted || !acceptance.is_prepared;
      if (acceptance.is_prepared) {
        prepared_.insert(participant);
      }
    }
  }
  if (is_aborted) {
    decide(false, "one is chosen to be aborted: aborts", effects);
  } else if (std::ssize(prepared_) == cast_.participants) {
    decide(true, "all are chosen to be prepared: commits", effects);
  }
}

// Any leader comes to the same: what is chosen stays chosen.
void Leader::decide(bool is_commit, const char* why, Effects& effects) {
  outcome_ = is_commit;
  effects.at(Step::decide);
  effects.disarm("patience");
  effects.show("state", is_commit ? "committed" : "aborted");
  effects.output("decision", {{"commit", is_commit ? 1 : 0}}, why);
  for (const ProcessId each : commit::all_participants(cast_.participants)) {
    tell(each, effects);
  }
}

void Leader::tell(ProcessId to, Effects& effects) const {
  effects.send(to, outcome_ == true ? "commit" : "abort");
}

void Leader::on_ask(ProcessId from, base::Instant now, Effects& effects) {
  effects.at(Step::ask);
  if (outcome_.has_value()) {
    tell(from, effects);
  } else if (phase_ == Phase::idle) {
    begin_ballot(now, effects);
  }
}

// One ballot for all instances. A random time keeps two leaders from overtaking each other for
// ever.
void Leader::begin_ballot(base::Instant now, Effects& effects) {
  const std::int64_t above = std::max(ballot_, seen_);
  do {
    ++ballot_;
  } while (ballot_ <= above || cast_.owner_of(ballot_) != self_);
  phase_ = Phase::preparing;
  promises_.clear();
  effects.at(Step::new_ballot);
  effects.write("ballot", ballot_);
  effects.note("new_ballot", "no decision yet: asks the acceptors what they know");
  effects.show("state", fmt::format("leads ballot {}", ballot_));
  for (const ProcessId each : cast_.acceptors()) {
    effects.send_after_durable(each, "new_ballot", {{"ballot", ballot_}});
  }
  const auto extra =
      base::Duration::microseconds(prng_.between(0, patience_.as_microseconds() * 2));
  effects.arm("patience", now + patience_ * 2 + extra);
}

// For each participant what was accepted at the highest ballot; where nothing was, it is free to
// say aborted, and must not say prepared.
void Leader::on_promise(ProcessId from, const Fields& fields, Effects& effects) {
  if (phase_ != Phase::preparing || fields.integer("ballot") != ballot_) {
    return;
  }
  promises_[from] = to_acceptances(fields.list("accepted"));
  if (promises_.size() < cast_.quorum()) {
    return;
  }
  phase_ = Phase::proposing;
  Acceptances values;
  std::int64_t known = 0;
  for (std::int64_t participant = 1; participant <= cast_.participants; ++participant) {
    std::int64_t highest = -1;
    for (const auto& [acceptor, accepted] : promises_) {
      const auto it = accepted.find(participant);
      if (it != accepted.end() && it->second.ballot > highest) {
        highest = it->second.ballot;
        values[participant].is_prepared = it->second.is_prepared;
      }
    }
    known += highest >= 0 ? 1 : 0;
    values[participant].ballot = ballot_;
  }
  effects.at(Step::propose);
  effects.note("proposal",
               known == cast_.participants
                   ? std::string("is told of all votes, and proposes them again")
                   : fmt::format("is told of {} votes of {}, and proposes aborted for the rest",
                                 known, cast_.participants));
  for (const ProcessId each : cast_.acceptors()) {
    effects.send(each, "accept", {{"ballot", ballot_}, {"values", to_list(values)}});
  }
}

}  // namespace ostraka::lab::paxos_tx
