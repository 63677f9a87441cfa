#include "lab/protocols/broadcast/member.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ostraka::lab::group {

Member::Member(const Birth& birth, const Parameters& parameters)
    : self_(birth.self),
      members_(static_cast<std::uint32_t>(parameters["members"])),
      guarantee_(static_cast<Guarantee>(parameters["guarantee"])),
      is_silent_(birth.is_restart) {}

template <typename Act>
void Member::for_others(Act act) const {
  for (std::uint32_t i = 1; i <= members_; ++i) {
    if (ProcessId{i} != self_) {
      act(ProcessId{i});
    }
  }
}

Fields Member::fields_of(const Item& item) {
  List past;
  for (const auto& [actor, count] : item.past.entries()) {
    past.emplace_back(List{actor.value(), count});
  }
  return {{"value", item.value},
          {"origin", item.dot.actor.value()},
          {"number", item.dot.counter},
          {"past", past}};
}

void Member::step(const Event& event, Effects& effects) {
  if (is_silent_) {
    return;
  }
  if (const auto* input = std::get_if<Input>(&event.body)) {
    if (input->kind == "answer") {
      answers_.emplace(input->fields.text("to"), input->fields.text("value"));
      return;
    }
    start(input->fields.text("value"), effects);
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, received->message->fields, effects);
  }
  show(effects);
}

void Member::start(const std::string& value, Effects& effects) {
  const Item item{.dot = {ActorId{self_.value()}, ++sent_}, .past = delivered_, .value = value};
  effects.at(Step::send);
  effects.output("broadcast", {{"value", value}}, "broadcasts " + value);
  for_others([&](ProcessId to) { effects.send(to, "message", fields_of(item)); });
  seen_.insert(item.dot);
  waiting_.push_back(item);
  deliver_what_may(effects);
}

void Member::on_message(ProcessId from, const Fields& fields, Effects& effects) {
  Item item{.dot = {ActorId{static_cast<std::uint64_t>(fields.integer("origin"))},
                    static_cast<std::uint64_t>(fields.integer("number"))},
            .past = {},
            .value = fields.text("value")};
  for (const Value& each : fields.list("past")) {
    item.past.set(ActorId{static_cast<std::uint64_t>(each.list().at(0).integer())},
                  static_cast<std::uint64_t>(each.list().at(1).integer()));
  }
  if (!seen_.insert(item.dot).second) {
    return;
  }
  if (guarantee_ != Guarantee::best_effort) {
    effects.at(Step::relay);
    for_others([&](ProcessId to) {
      if (to != from && to.value() != item.dot.actor.value()) {
        effects.send(to, "relay", fields_of(item));
      }
    });
  }
  waiting_.push_back(std::move(item));
  deliver_what_may(effects);
}

bool Member::is_next(const Item& item) const {
  if (guarantee_ != Guarantee::fifo && guarantee_ != Guarantee::causal) {
    return true;
  }
  if (delivered_[item.dot.actor] + 1 != item.dot.counter) {
    return false;
  }
  return guarantee_ == Guarantee::fifo ||
         std::ranges::all_of(item.past.entries(), [this](const auto& entry) {
           return delivered_[entry.first] >= entry.second;
         });
}

void Member::deliver_what_may(Effects& effects) {
  for (;;) {
    const auto next =
        std::ranges::find_if(waiting_, [this](const Item& item) { return is_next(item); });
    if (next == waiting_.end()) {
      break;
    }
    const Item item = std::move(*next);
    waiting_.erase(next);
    hand_over(item, effects);
  }
  if (!waiting_.empty()) {
    effects.at(guarantee_ == Guarantee::fifo ? Step::in_order : Step::after_causes);
    effects.note("wait", waiting_.back().value + " has to wait for what came before it");
  }
}

void Member::hand_over(const Item& item, Effects& effects) {
  delivered_.advance(item.dot.actor);
  effects.at(Step::deliver);
  effects.output("deliver", {{"value", item.value}}, "delivers " + item.value);
  const auto [begin, end] = answers_.equal_range(item.value);
  std::vector<std::string> due;
  for (auto it = begin; it != end; ++it) {
    due.push_back(it->second);
  }
  answers_.erase(item.value);
  for (const std::string& value : due) {
    start(value, effects);
  }
}

void Member::show(Effects& effects) const {
  std::string waiting;
  for (const Item& item : waiting_) {
    waiting += (waiting.empty() ? "" : " ") + item.value;
  }
  effects.show("waiting", waiting);
}

}  // namespace ostraka::lab::group
