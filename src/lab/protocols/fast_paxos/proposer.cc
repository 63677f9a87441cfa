#include "lab/protocols/fast_paxos/roles.h"

#include <fmt/format.h>

namespace ostraka::lab::fast {

Proposer::Proposer(const Birth& birth, const Parameters& parameters)
    : cast_(parameters), patience_(parameters.milliseconds("patience")), tally_(cast_) {
  if (const auto it = birth.storage->find("value"); it != birth.storage->end()) {
    value_ = it->second.text();
  }
}

void Proposer::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, effects);
  } else if (const auto* input = std::get_if<Input>(&event.body)) {
    value_ = input->fields["value"].render();
    effects.write("value", value_);
    propose(false, event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body) ||
             (std::holds_alternative<Started>(event.body) && !value_.empty())) {
    propose(true, event.now, effects);
  }
}

void Proposer::propose(bool is_again, base::Instant now, Effects& effects) const {
  effects.at(Step::vote);
  effects.show("proposes", value_);
  Fields fields{{"value", value_}};
  if (is_again) {
    fields.set("again", 1);
  }
  for (std::uint32_t i = 0; i < cast_.acceptors; ++i) {
    effects.send_after_durable(cast_.acceptor(i), "propose", fields);
  }
  for (std::uint32_t i = 0; i < cast_.coordinators; ++i) {
    effects.send_after_durable(cast_.coordinator(i), "propose", fields);
  }
  effects.arm("again", now + patience_ * 2);
}

void Proposer::on_message(ProcessId from, const Message& message, Effects& effects) {
  const Vote vote{message.fields.integer("round"), message.fields.text("value")};
  const bool is_chosen = message.kind == "chosen" || tally_.add(from, vote);
  if (is_chosen && !is_done_) {
    is_done_ = true;
    effects.at(Step::learn);
    effects.disarm("again");
    effects.show("learned", vote.value);
    effects.output("learned", {{"number", vote.round}, {"value", vote.value}},
                   fmt::format("learns {}", vote.value));
  }
}

}  // namespace ostraka::lab::fast
