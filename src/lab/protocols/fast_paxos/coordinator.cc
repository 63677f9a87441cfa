#include "lab/protocols/fast_paxos/roles.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab::fast {

Coordinator::Coordinator(const Birth& birth, const Parameters& parameters)
    : self_(birth.self),
      cast_(parameters),
      prng_(birth.seed),
      patience_(parameters.milliseconds("patience")),
      is_restart_(birth.is_restart),
      tally_(cast_) {
  if (const auto it = birth.storage->find("round"); it != birth.storage->end()) {
    round_ = it->second.integer();
  }
}

void Coordinator::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    effects.at(Step::fall_back);
    effects.note("retry", "no decision yet: begins a classic round");
    begin_next(effects);
    wait_for_decision(event.now, effects);
  } else if (std::holds_alternative<Started>(event.body) && !is_restart_ &&
             self_ == cast_.owner_of(1)) {
    begin(1, effects);
  }
}

void Coordinator::on_message(ProcessId from, const Message& message, base::Instant now,
                             Effects& effects) {
  if (chosen_.has_value()) {
    if (message.kind == "propose" && message.fields.has("again")) {
      effects.at(Step::learn);
      effects.send(from, "chosen", {{"round", chosen_->round}, {"value", chosen_->value}});
    }
  } else if (message.kind == "promise") {
    on_promise(from, message.fields, effects);
  } else if (message.kind == "accepted") {
    on_vote(from, message.fields, effects);
  } else if (message.kind == "refuse") {
    seen_ = std::max(seen_, message.fields.integer("promised"));
  } else if (message.kind == "propose") {
    if (!wanted_.has_value()) {
      wanted_ = message.fields.text("value");
    }
    if (phase_ == Phase::waiting) {
      propose(*wanted_, effects);
    }
    if (!is_waiting_) {
      wait_for_decision(now, effects);
    }
  }
}

// The first coordinator is the first to lose patience; chance keeps two from overtaking each other
// for ever.
void Coordinator::wait_for_decision(base::Instant now, Effects& effects) {
  is_waiting_ = true;
  const std::int64_t place = self_.value() - cast_.coordinator(0).value();
  const base::Duration extra =
      base::Duration::microseconds(place == 0 ? 0 : prng_.between(0, patience_.as_microseconds()));
  effects.arm("patience", now + patience_ * (2 * place + 1) + extra);
}

void Coordinator::begin_next(Effects& effects) {
  std::int64_t round = std::max({round_ + 1, seen_ + 1, kFirstFreeRound});
  while (cast_.owner_of(round) != self_) {
    ++round;
  }
  begin(round, effects);
}

void Coordinator::begin(std::int64_t round, Effects& effects) {
  round_ = round;
  phase_ = Phase::preparing;
  promises_.clear();
  effects.at(Step::prepare);
  effects.write("round", round);
  effects.show("round", fmt::format("{}, {}", round, cast_.is_fast(round) ? "fast" : "classic"));
  for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
    effects.send_after_durable(cast_.acceptor(i), "prepare", {{"round", round}});
  }
}

void Coordinator::on_promise(ProcessId from, const Fields& fields, Effects& effects) {
  if (phase_ != Phase::preparing || fields.integer("round") != round_) {
    return;
  }
  promises_[from] =
      fields.has("voted") ? Vote{fields.integer("voted"), fields.text("value")} : Vote();
  if (promises_.size() < cast_.classic_quorum()) {
    return;
  }
  effects.at(Step::choose_value);
  if (const auto value = pick(promises_); value.has_value()) {
    effects.note("pick", fmt::format("the votes that it was told of make it propose {}", *value));
    propose(*value, effects);
  } else if (cast_.is_fast(round_)) {
    phase_ = Phase::proposed;
    effects.at(Step::open);
    effects.note("open", "nobody has voted: opens the round for the values of all");
    for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
      effects.send(cast_.acceptor(i), "any", {{"round", round_}});
    }
  } else if (wanted_.has_value()) {
    propose(*wanted_, effects);
  } else {
    phase_ = Phase::waiting;
  }
}

void Coordinator::propose(const std::string& value, Effects& effects) {
  phase_ = Phase::proposed;
  for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
    effects.send_after_durable(cast_.acceptor(i), "accept", {{"round", round_}, {"value", value}});
  }
}

void Coordinator::on_vote(ProcessId from, const Fields& fields, Effects& effects) {
  const Vote vote{fields.integer("round"), fields.text("value")};
  votes_[vote.round][from] = vote;
  if (tally_.add(from, vote)) {
    chosen_ = vote;
    effects.at(Step::learn);
    effects.disarm("patience");
    effects.show("round", fmt::format("done: {} is chosen", vote.value));
  } else if (vote.round == round_ && cast_.is_fast(round_) &&
             is_collision(votes_[vote.round], cast_)) {
    on_collision(votes_[vote.round], effects);
  }
}

// Its votes say what promises of the next round would say, if that follows at once.
void Coordinator::on_collision(const Votes& votes, Effects& effects) {
  if (cast_.recovery == Recovery::start_over) {
    effects.at(Step::fall_back);
    effects.note("collision", "no value can win this round any more: begins another one");
    begin_next(effects);
  } else if (cast_.recovery == Recovery::coordinated) {
    effects.at(Step::coordinated);
    ++round_;
    const std::string value = pick(votes).value();
    effects.note("collision", fmt::format("no value can win this round any more: takes the votes "
                                          "for promises and proposes {} in round {}",
                                          value, round_));
    effects.write("round", round_);
    effects.show("round", fmt::format("{}, classic", round_));
    propose(value, effects);
  }
}

}  // namespace ostraka::lab::fast
