#include "sim/message_control.h"

#include <algorithm>
#include <utility>

namespace ostraka::sim {
namespace {

constexpr std::size_t kSentMax = 4096;

bool has_own_term(const protocol::Message& message) {
  return std::ranges::any_of(message.entries, [&message](const protocol::EntryMeta& entry) {
    return entry.term == message.term;
  });
}

bool is_between(model::NodeId from, model::NodeId to, model::NodeId rule_from,
                model::NodeId rule_to) {
  return (rule_from.is_none() || rule_from == from) && (rule_to.is_none() || rule_to == to);
}

}  // namespace

bool MessageRule::matches(const protocol::Message& message) const {
  return (kind == 0 || kind == message.kind) && is_between(message.from, message.to, from, to) &&
         (!own_term || has_own_term(message));
}

bool set_kind(MessageRule& rule, std::string_view name, const protocol::EngineProbe& engine) {
  constexpr std::string_view kOwn = "_own";
  rule.own_term = name.ends_with(kOwn);
  if (rule.own_term) {
    name.remove_suffix(kOwn.size());
  }
  rule.kind = protocol::kind_named(engine, name);
  return rule.kind != 0 || (name == "any" && !rule.own_term);
}

void MessageControl::pass(model::NodeId from, model::NodeId to) {
  for (auto& [sender, kept] : kept_) {
    for (Kept& each : kept) {
      each.may_leave = each.may_leave || is_between(each.message.from, each.message.to, from, to);
    }
  }
}

void MessageControl::release(model::NodeId from, model::NodeId to) {
  std::erase_if(rules_, [from, to](const MessageRule& rule) {
    return (from.is_none() || rule.from == from) && (to.is_none() || rule.to == to);
  });
  pass(from, to);
}

void MessageControl::drop(model::NodeId from, model::NodeId to) {
  for (auto& [sender, kept] : kept_) {
    std::erase_if(kept, [from, to](const Kept& each) {
      return is_between(each.message.from, each.message.to, from, to);
    });
  }
}

void MessageControl::set_quiet(model::NodeId node, bool quiet) {
  if (quiet) {
    quiet_.insert(node);
  } else {
    quiet_.erase(node);
  }
}

void MessageControl::end() {
  release({}, {});
  quiet_.clear();
}

std::size_t MessageControl::held(const MessageRule& rule) const {
  std::size_t count = 0;
  for (const auto& [sender, kept] : kept_) {
    count += static_cast<std::size_t>(std::ranges::count_if(
        kept, [&rule](const Kept& each) { return !each.may_leave && rule.matches(each.message); }));
  }
  return count;
}

std::size_t MessageControl::sent(const MessageRule& rule) const {
  return static_cast<std::size_t>(std::ranges::count_if(sent_, [&rule](const Sent& sent) {
    return (rule.kind == 0 || rule.kind == sent.kind) && (!rule.own_term || sent.own_term) &&
           is_between(sent.from, sent.to, rule.from, rule.to);
  }));
}

std::vector<model::NodeId> MessageControl::senders_to_wake() const {
  std::vector<model::NodeId> senders;
  for (const auto& [sender, kept] : kept_) {
    if (std::ranges::any_of(kept, &Kept::may_leave)) {
      senders.push_back(sender);
    }
  }
  return senders;
}

void MessageControl::let_go(model::NodeId sender, protocol::AppendToken durable,
                            protocol::Effects& effects) {
  const auto found = kept_.find(sender);
  if (found == kept_.end()) {
    return;
  }
  for (Kept& kept : found->second) {
    if (!kept.may_leave) {
      continue;
    }
    if (kept.token <= durable) {
      effects.send_now.add() = std::move(kept.message);
    } else {
      protocol::DelayedMessage& delayed = effects.send_after_durable.add();
      delayed.token = kept.token;
      delayed.message = std::move(kept.message);
    }
  }
  std::erase_if(found->second, [](const Kept& kept) { return kept.may_leave; });
}

void MessageControl::keep(model::NodeId sender, std::size_t now_from, std::size_t delayed_from,
                          protocol::Effects& effects) {
  if (rules_.empty()) {
    return;
  }
  std::deque<Kept>& kept = kept_[sender];
  std::vector<protocol::Message> now;
  for (std::size_t i = 0; i < effects.send_now.size(); ++i) {
    protocol::Message& message = effects.send_now[i];
    if (i >= now_from && is_held(message)) {
      kept.push_back({{}, message, false});
    } else {
      now.push_back(message);
    }
  }
  std::vector<protocol::DelayedMessage> delayed;
  for (std::size_t i = 0; i < effects.send_after_durable.size(); ++i) {
    protocol::DelayedMessage& each = effects.send_after_durable[i];
    if (i >= delayed_from && is_held(each.message)) {
      kept.push_back({each.token, each.message, false});
    } else {
      delayed.push_back(each);
    }
  }
  effects.send_now.clear();
  for (protocol::Message& message : now) {
    effects.send_now.add() = std::move(message);
  }
  effects.send_after_durable.clear();
  for (protocol::DelayedMessage& each : delayed) {
    effects.send_after_durable.add() = std::move(each);
  }
}

void MessageControl::note_sent(const protocol::Message& message) {
  if (sent_.size() == kSentMax) {
    sent_.pop_front();
  }
  sent_.push_back({message.kind, has_own_term(message), message.from, message.to});
}

bool MessageControl::is_held(const protocol::Message& message) const {
  return std::ranges::any_of(rules_,
                             [&message](const MessageRule& rule) { return rule.matches(message); });
}

}  // namespace ostraka::sim
