#include "lab/protocols/total_order/member.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab::ordered {

Member::Member(const Birth& birth, const Parameters& parameters)
    : self_(birth.self),
      members_(static_cast<std::uint32_t>(parameters["members"])),
      uses_sequencer_(parameters.text("order") == "sequencer"),
      replays_(parameters.text("rejoin") == "replay"),
      is_forgetful_(birth.self == kSequencer && parameters.text("memory") == "volatile"),
      is_restart_(birth.is_restart),
      retry_(parameters.milliseconds("retry")) {
  recover(*birth.storage);
}

void Member::recover(const Storage& storage) {
  const auto integer = [&storage](std::string_view key) {
    const auto it = storage.find(key);
    return it == storage.end() ? 0 : it->second.integer();
  };
  sent_ = integer("sent");
  if (is_forgetful_) {
    return;
  }
  delivered_ = integer("delivered");
  if (const auto it = storage.find("order"); it != storage.end()) {
    for (const Value& each : it->second.list()) {
      const List& parts = each.list();
      order_.push_back({.origin = parts.at(0).integer(),
                        .number = parts.at(1).integer(),
                        .value = parts.at(2).text()});
    }
  }
}

void Member::step(const Event& event, Effects& effects) {
  if (std::holds_alternative<Started>(event.body)) {
    if (is_restart_ && uses_sequencer_) {
      come_back(effects);
    }
  } else if (const auto* input = std::get_if<Input>(&event.body)) {
    start(input->fields.text("value"), event.now, effects);
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    submit_pending(event.now, effects);
  }
}

void Member::come_back(Effects& effects) {
  effects.at(Step::rejoin);
  if (self_ == kSequencer) {
    // The last message again: whoever missed any sees the gap and asks.
    for (std::uint32_t i = 1; i <= members_ && !order_.empty(); ++i) {
      effects.send(ProcessId{i}, "ordered", ordered_fields(order_.size() - 1));
    }
  } else if (replays_) {
    effects.note("rejoin", fmt::format("has delivered {}, asks for the rest", delivered_));
    effects.send(kSequencer, "missing", {{"first", delivered_ + 1}});
  } else {
    takes_any_ = true;
  }
}

void Member::start(const std::string& value, base::Instant now, Effects& effects) {
  effects.at(Step::submit);
  effects.output("broadcast", {{"value", value}}, "broadcasts " + value);
  if (uses_sequencer_) {
    effects.write("sent", ++sent_);
    pending_[sent_] = value;
    submit_pending(now, effects);
    return;
  }
  hand_over(value, effects);
  for (std::uint32_t i = 1; i <= members_; ++i) {
    if (ProcessId{i} != self_) {
      effects.send(ProcessId{i}, "message", {{"value", value}});
    }
  }
}

void Member::submit_pending(base::Instant now, Effects& effects) {
  effects.at(Step::submit);
  for (const auto& [number, value] : pending_) {
    effects.send_after_durable(kSequencer, "submit",
                               {{"value", value}, {"origin", self_.value()}, {"number", number}});
  }
  if (!pending_.empty()) {
    effects.arm("retry", now + retry_);
  }
}

void Member::on_message(ProcessId from, const Message& message, Effects& effects) {
  if (message.kind == "submit") {
    on_submit(message.fields, effects);
  } else if (message.kind == "ordered") {
    on_ordered(message.fields, effects);
  } else if (message.kind == "missing") {
    on_missing(from, message.fields.integer("first"), effects);
  } else {
    hand_over(message.fields.text("value"), effects);
  }
}

Fields Member::ordered_fields(std::size_t place) const {
  const Item& item = order_.at(place);
  return {{"place", place + 1},
          {"value", item.value},
          {"origin", item.origin},
          {"number", item.number}};
}

void Member::on_submit(const Fields& fields, Effects& effects) {
  const Item item{.origin = fields.integer("origin"),
                  .number = fields.integer("number"),
                  .value = fields.text("value")};
  const auto known = std::ranges::find_if(order_, [&](const Item& each) {
    return each.origin == item.origin && each.number == item.number;
  });
  effects.at(Step::number);
  if (known != order_.end()) {
    effects.send_after_durable(ProcessId{static_cast<std::uint32_t>(item.origin)}, "ordered",
                               ordered_fields(static_cast<std::size_t>(known - order_.begin())));
    return;
  }
  order_.push_back(item);
  List kept;
  for (const Item& each : order_) {
    kept.emplace_back(List{each.origin, each.number, each.value});
  }
  effects.write("order", kept);
  effects.note("number", fmt::format("{} is number {}", item.value, order_.size()));
  for (std::uint32_t i = 1; i <= members_; ++i) {
    effects.send_after_durable(ProcessId{i}, "ordered", ordered_fields(order_.size() - 1));
  }
}

void Member::on_ordered(const Fields& fields, Effects& effects) {
  const std::int64_t place = fields.integer("place");
  if (fields.integer("origin") == self_.value()) {
    pending_.erase(fields.integer("number"));
    if (pending_.empty()) {
      effects.disarm("retry");
    }
  }
  if (takes_any_) {
    takes_any_ = false;
    delivered_ = std::max(delivered_, place - 1);
  }
  if (place <= delivered_) {
    return;
  }
  early_[place] = fields.text("value");
  for (auto next = early_.find(delivered_ + 1); next != early_.end();
       next = early_.find(delivered_ + 1)) {
    const std::string value = next->second;
    early_.erase(next);
    hand_over(value, effects);
  }
  if (!early_.empty()) {
    effects.at(Step::ask);
    effects.note("gap", fmt::format("has {}, misses {}", early_.begin()->first, delivered_ + 1));
    effects.send(kSequencer, "missing", {{"first", delivered_ + 1}});
  }
}

void Member::on_missing(ProcessId from, std::int64_t first, Effects& effects) const {
  effects.at(Step::ask);
  for (auto i = static_cast<std::size_t>(first - 1); i < order_.size(); ++i) {
    effects.send_after_durable(from, "ordered", ordered_fields(i));
  }
}

void Member::hand_over(const std::string& value, Effects& effects) {
  effects.at(Step::deliver);
  effects.write("delivered", ++delivered_);
  effects.show("delivered", delivered_);
  effects.output("deliver", {{"value", value}}, "delivers " + value);
}

}  // namespace ostraka::lab::ordered
