#include "lab/protocols/engine/client_process.h"

#include <fmt/format.h>

namespace ostraka::lab::engine {

void ClientProcess::step(const Event& event, Effects& effects) {
  if (const auto* input = std::get_if<Input>(&event.body)) {
    wanted_.push_back(input->kind == "read" ? Wanted() : input->fields["value"].render());
    if (wanted_.size() == 1) {
      begin(event.now, effects);
    }
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(*received->message, event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    node_ = node_ % nodes_ + 1;
    ask(event.now, effects);
  }
}

void ClientProcess::on_message(const Message& message, base::Instant now, Effects& effects) {
  if (wanted_.empty() || message.fields.integer("number") != number_) {
    return;  // an answer that came twice
  }
  if (message.kind == "redirect") {
    if (const std::int64_t leader = message.fields.integer("leader"); leader != 0) {
      node_ = static_cast<std::uint32_t>(leader);
      ask(now, effects);
    }
    return;  // nobody leads: the timer asks again
  }
  if (const Wanted& value = wanted_.front(); value.has_value()) {
    effects.output("acknowledged", {{"number", number_}, {"value", *value}},
                   fmt::format("{} is written", *value));
  } else {
    const Value& values = message.fields["values"];
    effects.output("read", {{"number", number_}, {"values", values}},
                   fmt::format("reads {}", values.render()));
  }
  wanted_.pop_front();
  ++number_;
  effects.disarm("again");
  if (!wanted_.empty()) {
    begin(now, effects);
  }
}

void ClientProcess::begin(base::Instant now, Effects& effects) {
  if (!wanted_.front().has_value()) {
    effects.output("asks", {{"number", number_}}, "wants to read");
  }
  ask(now, effects);
}

void ClientProcess::ask(base::Instant now, Effects& effects) {
  const Wanted& value = wanted_.front();
  effects.show("wants", value.has_value() ? "to write " + *value : "to read");
  if (value.has_value()) {
    effects.send(ProcessId{node_}, "request", {{"number", number_}, {"value", *value}});
  } else {
    effects.send(ProcessId{node_}, "read", {{"number", number_}});
  }
  effects.arm("again", now + patience_);
}

}  // namespace ostraka::lab::engine
