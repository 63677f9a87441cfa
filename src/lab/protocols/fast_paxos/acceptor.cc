#include "lab/protocols/fast_paxos/roles.h"

#include <fmt/format.h>

namespace ostraka::lab::fast {

Acceptor::Acceptor(const Birth& birth, const Parameters& parameters)
    : self_(birth.self), cast_(parameters) {
  if (const auto it = birth.storage->find("promised"); it != birth.storage->end()) {
    promised_ = it->second.integer();
  }
  if (const auto it = birth.storage->find("any"); it != birth.storage->end()) {
    any_ = it->second.integer();
  }
  if (const auto it = birth.storage->find("vote"); it != birth.storage->end()) {
    vote_ = {it->second.list().at(0).integer(), it->second.list().at(1).text()};
  }
}

void Acceptor::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    const Fields& fields = received->message->fields;
    const std::string& kind = received->message->kind;
    if (kind == "prepare") {
      on_prepare(received->from, fields.integer("round"), effects);
    } else if (kind == "any") {
      on_any(fields.integer("round"), effects);
    } else if (kind == "propose") {
      on_propose(fields, effects);
    } else if (kind == "accept") {
      on_accept(received->from, fields, effects);
    } else {
      on_vote(received->from, {fields.integer("round"), fields.text("value")}, effects);
    }
  }
  show(effects);
}

void Acceptor::show(Effects& effects) const {
  effects.show("promised", promised_ == 0 ? "nothing" : fmt::format("round {}", promised_));
  effects.show("voted", vote_.round == 0 ? "for nothing"
                                         : fmt::format("for {} in {}", vote_.value, vote_.round));
}

void Acceptor::refuse(ProcessId from, std::int64_t round, Effects& effects) const {
  effects.note("refusal", fmt::format("refuses round {}: it has promised {}", round, promised_));
  effects.send(from, "refuse", {{"round", round}, {"promised", promised_}});
}

void Acceptor::on_prepare(ProcessId from, std::int64_t round, Effects& effects) {
  effects.at(Step::promise);
  if (round < promised_) {
    refuse(from, round, effects);
    return;
  }
  promised_ = round;
  effects.write("promised", promised_);
  Fields answer{{"round", round}};
  if (vote_.round != 0) {
    answer.set("voted", vote_.round);
    answer.set("value", vote_.value);
  }
  effects.send_after_durable(from, "promise", std::move(answer));
}

void Acceptor::on_any(std::int64_t round, Effects& effects) {
  effects.at(Step::vote);
  if (round < promised_ || round <= any_) {
    return;
  }
  promised_ = any_ = round;
  effects.write("promised", promised_);
  effects.write("any", any_);
  vote_freely(effects);
}

void Acceptor::on_propose(const Fields& fields, Effects& effects) {
  effects.at(Step::vote);
  if (!offered_.has_value()) {
    offered_ = fields.text("value");
  }
  if (vote_.round < any_) {
    vote_freely(effects);
  } else if (vote_.round != 0 && fields.has("again")) {
    tell(effects);
  }
}

// One vote a round, for what came first, as long as no later round is promised.
void Acceptor::vote_freely(Effects& effects) {
  if (offered_.has_value() && any_ == promised_ && vote_.round < any_) {
    vote_for(any_, *offered_, effects);
  }
}

void Acceptor::on_accept(ProcessId from, const Fields& fields, Effects& effects) {
  const std::int64_t round = fields.integer("round");
  effects.at(Step::vote);
  if (round < promised_) {
    refuse(from, round, effects);
  } else if (round == vote_.round) {
    tell(effects);  // it came twice
  } else {
    vote_for(round, fields.text("value"), effects);
  }
}

void Acceptor::vote_for(std::int64_t round, const std::string& value, Effects& effects) {
  promised_ = round;
  vote_ = {round, value};
  effects.write("promised", promised_);
  effects.write("vote", List{round, value});
  effects.output("accepted", {{"number", round}, {"value", value}},
                 fmt::format("votes for {} in round {}", value, round));
  tell(effects);
  on_vote(self_, vote_, effects);
}

void Acceptor::tell(Effects& effects) const {
  const Fields fields{{"round", vote_.round}, {"value", vote_.value}};
  effects.at(Step::learn);
  for (std::uint32_t id = 1; id <= cast_.proposers + cast_.coordinators; ++id) {
    effects.send_after_durable(ProcessId{id}, "accepted", fields);
  }
  if (cast_.recovery == Recovery::uncoordinated) {
    effects.at(Step::uncoordinated);
    for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
      if (cast_.acceptor(i) != self_) {
        effects.send_after_durable(cast_.acceptor(i), "accepted", fields);
      }
    }
  }
}

// After a collision everybody who has the same votes picks the same value, without being asked.
void Acceptor::on_vote(ProcessId from, const Vote& vote, Effects& effects) {
  Votes& votes = votes_[vote.round];
  votes[from] = vote;
  const std::int64_t next = vote.round + 1;
  if (cast_.recovery == Recovery::uncoordinated && cast_.is_fast(vote.round) &&
      cast_.is_fast(next) && promised_ <= next && vote_.round < next &&
      is_collision(votes, cast_)) {
    const std::string value = pick(votes).value();
    effects.at(Step::uncoordinated);
    effects.note("collision", fmt::format("no value can win round {} any more: takes the votes for "
                                          "promises and picks {}",
                                          vote.round, value));
    vote_for(next, value, effects);
  }
}

}  // namespace ostraka::lab::fast
