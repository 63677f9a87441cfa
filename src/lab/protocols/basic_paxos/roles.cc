#include "lab/protocols/basic_paxos/roles.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab::paxos {

Cast::Cast(const Parameters& parameters)
    : proposers(static_cast<std::uint32_t>(parameters["proposers"])),
      acceptors(static_cast<std::uint32_t>(parameters["acceptors"])),
      learners(static_cast<std::uint32_t>(parameters["learners"])) {}

// -- proposer

Proposer::Proposer(const Birth& birth, const Parameters& parameters)
    : self_(birth.self),
      cast_(parameters),
      prng_(birth.seed),
      patience_(parameters.milliseconds("patience")),
      back_off_(parameters.text("back_off") == "random" ? parameters.milliseconds("back_off_max")
                                                        : base::Duration()) {
  if (const auto value = birth.storage->find("value"); value != birth.storage->end()) {
    own_value_ = value->second.text();
    seen_ = birth.storage->at("number").integer();
  }
}

void Proposer::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, effects);
  } else if (const auto* input = std::get_if<Input>(&event.body)) {
    own_value_ = input->fields["value"].render();
    effects.write("value", own_value_);
    begin_ballot(event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    effects.at(Step::retry);
    effects.note("retry", fmt::format("no decision with number {}: tries a higher one", number_));
    begin_ballot(event.now, effects);
  } else if (std::holds_alternative<Started>(event.body) && !own_value_.empty()) {
    begin_ballot(event.now, effects);
  }
}

void Proposer::on_message(ProcessId from, const Message& message, Effects& effects) {
  const std::int64_t number = message.fields.integer("number");
  if (message.kind == "refuse") {
    seen_ = std::max(seen_, message.fields.integer("promised"));
  }
  if (is_done_) {
    return;
  }
  if (message.kind == "promise" && number == number_) {
    on_promise(from, message.fields, effects);
  } else if (message.kind == "accepted") {
    on_accepted(from, message.fields, effects);
  }
}

void Proposer::begin_ballot(base::Instant now, Effects& effects) {
  seen_ = std::max(seen_, number_);
  number_ = self_.value();
  while (number_ <= seen_) {
    number_ += cast_.proposers;
  }
  promised_.clear();
  highest_ = {};
  proposed_.reset();
  effects.at(Step::prepare);
  effects.write("number", number_);
  effects.show("number", number_);
  effects.show("phase", "1: asks for promises");
  for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
    effects.send_after_durable(cast_.acceptor(i), "prepare", {{"number", number_}});
  }
  const auto extra = base::Duration::microseconds(
      prng_.between(0, std::max<std::int64_t>(0, back_off_.as_microseconds())));
  effects.arm("retry", now + patience_ + extra);
}

void Proposer::on_promise(ProcessId from, const Fields& fields, Effects& effects) {
  promised_.insert(from);
  if (fields.has("accepted") && fields.integer("accepted") > highest_.number) {
    highest_ = {fields.integer("accepted"), fields.text("value")};
  }
  if (!proposed_.has_value() && promised_.size() == cast_.majority()) {
    send_accept(effects);
  }
}

void Proposer::send_accept(Effects& effects) {
  effects.at(Step::propose);
  const bool is_free = highest_.number == 0;
  proposed_ = is_free ? own_value_ : highest_.value;
  effects.note("proposal",
               is_free ? fmt::format("a majority has promised and accepted nothing before: "
                                     "proposes its own value {}",
                                     *proposed_)
                       : fmt::format("gives up its own value {} for {}, accepted before with "
                                     "number {}",
                                     own_value_, *proposed_, highest_.number));
  effects.show("phase", "2: proposes " + *proposed_);
  for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
    effects.send(cast_.acceptor(i), "accept", {{"number", number_}, {"value", *proposed_}});
  }
}

void Proposer::on_accepted(ProcessId from, const Fields& fields, Effects& effects) {
  // Of an earlier ballot as well: what a majority has accepted with one number is chosen.
  std::set<ProcessId>& accepted = accepted_[fields.integer("number")];
  accepted.insert(from);
  if (accepted.size() == cast_.majority()) {
    is_done_ = true;
    effects.at(Step::learn);
    effects.disarm("retry");
    effects.show("phase", "done: " + fields.text("value") + " is chosen");
    effects.output("learned", {{"value", fields.text("value")}, {"number", fields["number"]}},
                   fmt::format("knows that {} is chosen", fields.text("value")));
  }
}

// -- acceptor

Acceptor::Acceptor(const Birth& birth, const Parameters& parameters)
    : cast_(parameters), is_stable_(parameters.text("memory") == "stable") {
  if (const auto it = birth.storage->find("promised"); it != birth.storage->end()) {
    promised_ = it->second.integer();
  }
  if (const auto it = birth.storage->find("accepted"); it != birth.storage->end()) {
    accepted_ = {it->second.list().at(0).integer(), it->second.list().at(1).text()};
  }
}

void Acceptor::show(Effects& effects) const {
  effects.show("promised", promised_ == 0 ? "nothing" : fmt::format("{}", promised_));
  effects.show("accepted", accepted_.number == 0
                               ? "nothing"
                               : fmt::format("{} with {}", accepted_.value, accepted_.number));
}

void Acceptor::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    const Fields& fields = received->message->fields;
    if (received->message->kind == "prepare") {
      on_prepare(received->from, fields.integer("number"), effects);
    } else {
      on_accept(received->from, fields, effects);
    }
    show(effects);
  } else if (std::holds_alternative<Started>(event.body)) {
    show(effects);
  }
}

void Acceptor::on_prepare(ProcessId from, std::int64_t number, Effects& effects) {
  effects.at(Step::promise);
  if (number < promised_) {
    effects.send(from, "refuse", {{"number", number}, {"promised", promised_}});
    return;
  }
  promised_ = number;
  if (is_stable_) {
    effects.write("promised", promised_);
  }
  effects.note("promise", fmt::format("promises to accept nothing below {}", number));
  Fields answer{{"number", number}};
  if (accepted_.number != 0) {
    answer.set("accepted", accepted_.number);
    answer.set("value", accepted_.value);
  }
  effects.send_after_durable(from, "promise", std::move(answer));
}

void Acceptor::on_accept(ProcessId from, const Fields& fields, Effects& effects) {
  const std::int64_t number = fields.integer("number");
  effects.at(Step::accept);
  if (number < promised_) {
    effects.note("refusal", fmt::format("refuses {}: it has promised {}", number, promised_));
    effects.send(from, "refuse", {{"number", number}, {"promised", promised_}});
    return;
  }
  promised_ = number;
  accepted_ = {number, fields.text("value")};
  if (is_stable_) {
    effects.write("promised", promised_);
    effects.write("accepted", List{number, accepted_.value});
  }
  effects.output("accepted", {{"number", number}, {"value", accepted_.value}},
                 fmt::format("accepts {} with number {}", accepted_.value, number));
  effects.at(Step::learn);
  effects.send_after_durable(from, "accepted", {{"number", number}, {"value", accepted_.value}});
  for (std::uint32_t i = 0; i < cast_.learners; ++i) {
    effects.send_after_durable(cast_.learner(i), "accepted",
                               {{"number", number}, {"value", accepted_.value}});
  }
}

// -- learner

void Learner::step(const Event& event, Effects& effects) {
  const auto* received = std::get_if<Received>(&event.body);
  if (received == nullptr || is_done_) {
    return;
  }
  const Fields& fields = received->message->fields;
  auto& acceptors = accepted_[fields.integer("number")];
  acceptors.insert(received->from);
  effects.at(Step::learn);
  effects.show("heard", fmt::format("{} of {} for number {}", acceptors.size(), cast_.acceptors,
                                    fields.integer("number")));
  if (acceptors.size() == cast_.majority()) {
    is_done_ = true;
    effects.output("learned",
                   {{"value", fields.text("value")}, {"number", fields.integer("number")}},
                   fmt::format("learns {}", fields.text("value")));
  }
}

}  // namespace ostraka::lab::paxos
