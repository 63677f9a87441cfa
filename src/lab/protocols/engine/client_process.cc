#include "lab/protocols/engine/client_process.h"

#include <fmt/format.h>

namespace ostraka::lab::engine {

void ClientProcess::step(const Event& event, Effects& effects) {
  if (const auto* input = std::get_if<Input>(&event.body)) {
    values_.push_back(input->fields["value"].render());
    if (values_.size() == 1) {
      ask(event.now, effects);
    }
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(*received->message, event.now, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    node_ = node_ % nodes_ + 1;
    ask(event.now, effects);
  }
}

void ClientProcess::on_message(const Message& message, base::Instant now, Effects& effects) {
  if (values_.empty() || message.fields.integer("number") != number_) {
    return;  // an answer that came twice
  }
  if (message.kind == "redirect") {
    if (const std::int64_t leader = message.fields.integer("leader"); leader != 0) {
      node_ = static_cast<std::uint32_t>(leader);
      ask(now, effects);
    }
    return;  // nobody leads: the timer asks again
  }
  effects.output("acknowledged", {{"number", number_}, {"value", values_.front()}},
                 fmt::format("{} is written", values_.front()));
  values_.pop_front();
  ++number_;
  effects.disarm("again");
  if (!values_.empty()) {
    ask(now, effects);
  }
}

void ClientProcess::ask(base::Instant now, Effects& effects) {
  effects.show("writes", values_.front());
  effects.send(ProcessId{node_}, "request", {{"number", number_}, {"value", values_.front()}});
  effects.arm("again", now + patience_);
}

}  // namespace ostraka::lab::engine
