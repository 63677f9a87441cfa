#include "sim/step.h"

#include <charconv>
#include <map>
#include <span>
#include <utility>

namespace ostraka::sim {
namespace {

using Words = std::span<const std::string>;

constexpr std::int64_t kAwaitMs = 5000;

std::optional<std::int64_t> number_of(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

// "n3"; with `wide` also all and any, which are no node in particular.
std::optional<model::NodeId> node_of(std::string_view word, bool wide = false) {
  if (wide && (word == "all" || word == "any")) {
    return model::NodeId{};
  }
  const auto number = word.starts_with('n') ? number_of(word.substr(1)) : std::nullopt;
  if (!number || *number == 0 || *number > 9) {
    return std::nullopt;
  }
  return model::NodeId{static_cast<std::uint32_t>(*number)};
}

std::optional<std::size_t> client_of(std::string_view word) {
  const auto number = word.starts_with('c') ? number_of(word.substr(1)) : std::nullopt;
  return number && *number > 0 ? std::optional<std::size_t>(*number) : std::nullopt;
}

// KIND FROM TO
std::optional<MessageRule> rule_of(Words words, const protocol::EngineProbe& engine) {
  MessageRule rule;
  if (words.size() != 3 || !set_kind(rule, words[0], engine)) {
    return std::nullopt;
  }
  const auto from = node_of(words[1], true);
  const auto to = node_of(words[2], true);
  if (!from || !to) {
    return std::nullopt;
  }
  rule.from = *from;
  rule.to = *to;
  return rule;
}

// Takes + NUMBER off the front, if it is there.
std::optional<Operand> take_plus(Words& words, Operand operand) {
  if (words.empty() || words[0] != "+") {
    return operand;
  }
  const auto number = words.size() > 1 ? number_of(words[1]) : std::nullopt;
  if (!number) {
    return std::nullopt;
  }
  operand.plus = *number;
  words = words.subspan(2);
  return operand;
}

// Takes what it understands off the front.
std::optional<Operand> take_operand(Words& words) {
  static const std::map<std::string, Operand::Kind, std::less<>> kOfNode{
      {"term", Operand::Kind::term},       {"last", Operand::Kind::last},
      {"durable", Operand::Kind::durable}, {"commit", Operand::Kind::commit},
      {"applied", Operand::Kind::applied}, {"voters", Operand::Kind::voters},
      {"sending", Operand::Kind::sending}, {"receiving", Operand::Kind::receiving},
  };
  Operand operand;
  if (words.empty()) {
    return std::nullopt;
  }
  const std::string& first = words[0];
  if (const auto found = kOfNode.find(first); found != kOfNode.end()) {
    const auto node = words.size() > 1 ? node_of(words[1]) : std::nullopt;
    if (!node) {
      return std::nullopt;
    }
    operand.kind = found->second;
    operand.node = *node;
    words = words.subspan(2);
    return take_plus(words, operand);
  }
  words = words.subspan(1);
  if (const auto number = number_of(first)) {
    operand.number = *number;
  } else if (first == "elections") {
    operand.kind = Operand::Kind::elections;
  } else if (first == "highest_term") {
    operand.kind = Operand::Kind::highest_term;
  } else {
    operand.kind = Operand::Kind::note;
    operand.note = first;
  }
  return take_plus(words, operand);
}

std::optional<Condition> comparison_of(Words words) {
  static const std::map<std::string, Compare, std::less<>> kCompare{
      {"<", Compare::less},     {"<=", Compare::at_most},  {"=", Compare::equal},
      {"!=", Compare::unequal}, {">=", Compare::at_least}, {">", Compare::greater},
  };
  Condition condition;
  const auto left = take_operand(words);
  const auto compare = words.empty() ? kCompare.end() : kCompare.find(words[0]);
  if (!left || compare == kCompare.end()) {
    return std::nullopt;
  }
  words = words.subspan(1);
  const auto right = take_operand(words);
  if (!right || !words.empty()) {
    return std::nullopt;
  }
  condition.left = *left;
  condition.compare = compare->second;
  condition.right = *right;
  return condition;
}

std::optional<Condition> role_of(Words words) {
  static const std::map<std::string, protocol::Role, std::less<>> kRoles{
      {"learner", protocol::Role::learner},
      {"follower", protocol::Role::follower},
      {"candidate", protocol::Role::candidate},
      {"leader", protocol::Role::leader},
  };
  if (words.size() != 4 || (words[2] != "=" && words[2] != "!=")) {
    return std::nullopt;
  }
  const auto node = words[1] == "any" ? model::NodeId{} : node_of(words[1]);
  const auto role = kRoles.find(words[3]);
  if (!node || role == kRoles.end()) {
    return std::nullopt;
  }
  Condition condition;
  condition.kind = Condition::Kind::role;
  condition.negated = words[2] == "!=";
  condition.node = *node;
  condition.role = role->second;
  return condition;
}

std::optional<Condition> client_condition_of(Words words) {
  static const std::map<std::string, std::vector<OrderState>, std::less<>> kStates{
      {"open", {OrderState::open}},
      {"ok", {OrderState::ok}},
      {"failed", {OrderState::failed}},
      {"unknown", {OrderState::unknown}},
      {"ended", {OrderState::ok, OrderState::failed, OrderState::unknown}},
  };
  const auto states = words.size() == 2 ? kStates.find(words[0]) : kStates.end();
  const auto client = states != kStates.end() ? client_of(words[1]) : std::nullopt;
  if (!client) {
    return std::nullopt;
  }
  Condition condition;
  condition.kind = Condition::Kind::client;
  condition.client = *client;
  condition.states = states->second;
  return condition;
}

std::optional<Condition> condition_of(Words words, const protocol::EngineProbe& engine) {
  if (words.empty()) {
    return std::nullopt;
  }
  const std::string& what = words[0];
  Condition condition;
  if (what == "role") {
    return role_of(words);
  }
  if (what == "sent" || what == "held") {
    const auto rule = rule_of(words.subspan(1), engine);
    condition.kind = what == "sent" ? Condition::Kind::sent : Condition::Kind::held;
    condition.rule = rule.value_or(MessageRule{});
    return rule ? std::optional(condition) : std::nullopt;
  }
  if (what == "down" || what == "up" || what == "lease" || what == "no_lease") {
    const auto node = words.size() == 2 ? node_of(words[1]) : std::nullopt;
    const bool of_lease = what == "lease" || what == "no_lease";
    condition.kind = of_lease ? Condition::Kind::lease : Condition::Kind::down;
    condition.negated = what == "up" || what == "no_lease";
    condition.node = node.value_or(model::NodeId{});
    return node ? std::optional(condition) : std::nullopt;
  }
  if ((what == "refused" || what == "accepted") && words.size() == 1) {
    condition.kind = Condition::Kind::change_refused;
    condition.negated = what == "accepted";
    return condition;
  }
  if (const auto of_client = client_condition_of(words)) {
    return of_client;
  }
  return comparison_of(words);
}

bool take_conditions(Words words, Step& step, const protocol::EngineProbe& engine) {
  step.time = base::Duration::milliseconds(kAwaitMs);
  if (words.size() > 2 && words[words.size() - 2] == "within") {
    const auto limit = number_of(words.back());
    if (!limit) {
      return false;
    }
    step.time = base::Duration::milliseconds(*limit);
    words = words.first(words.size() - 2);
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= words.size(); ++i) {
    if (i < words.size() && words[i] != "or") {
      continue;
    }
    const auto condition = condition_of(words.subspan(begin, i - begin), engine);
    if (!condition) {
      return false;
    }
    step.any_of.push_back(*condition);
    begin = i + 1;
  }
  return true;
}

bool take_pair(Words words, Step& step) {
  const auto from = words.size() == 2 ? node_of(words[0], true) : std::nullopt;
  const auto to = words.size() == 2 ? node_of(words[1], true) : std::nullopt;
  step.rule.from = from.value_or(model::NodeId{});
  step.rule.to = to.value_or(model::NodeId{});
  return from && to;
}

bool take_node(Words words, Step& step, bool wide) {
  const auto node = words.size() == 1 ? node_of(words[0], wide) : std::nullopt;
  step.node = node.value_or(model::NodeId{});
  step.time = base::Duration::milliseconds(kAwaitMs);
  return node.has_value();
}

bool take_change(Words words, Step& step) {
  const bool shape = words.size() == 2 && (words[1].starts_with('+') || words[1].starts_with('-'));
  const auto node = shape ? node_of(words[0]) : std::nullopt;
  const auto other = shape ? node_of(std::string_view(words[1]).substr(1)) : std::nullopt;
  if (!node || !other) {
    return false;
  }
  step.node = *node;
  step.other = *other;
  step.adds = words[1].starts_with('+');
  return true;
}

bool take_order(Words words, Step& step, OrderKind order) {
  const auto client = words.size() == 2 ? client_of(words[0]) : std::nullopt;
  const auto node = words.size() == 2 ? node_of(words[1]) : std::nullopt;
  step.kind = Step::Kind::order;
  step.order = order;
  step.client = client.value_or(0);
  step.node = node.value_or(model::NodeId{});
  return client && node;
}

bool take_simple(Words rest, Step& step, const protocol::EngineProbe& engine) {
  switch (step.kind) {
    case Step::Kind::await:
    case Step::Kind::demand:
      return take_conditions(rest, step, engine);
    case Step::Kind::expect: {
      const bool understood = take_conditions(rest, step, engine);
      step.time = {};
      return understood;
    }
    case Step::Kind::wait: {
      const auto ms = rest.size() == 1 ? number_of(rest[0]) : std::nullopt;
      step.time = base::Duration::milliseconds(ms.value_or(0));
      return ms.has_value();
    }
    case Step::Kind::note: {
      if (rest.size() < 2) {
        return false;
      }
      step.name = rest[0];
      rest = rest.subspan(1);
      const auto value = take_operand(rest);
      step.value = value.value_or(Operand{});
      return value && rest.empty();
    }
    case Step::Kind::hold: {
      const auto rule = rule_of(rest, engine);
      step.rule = rule.value_or(MessageRule{});
      return rule.has_value();
    }
    case Step::Kind::release:
    case Step::Kind::pass:
    case Step::Kind::drop:
      return take_pair(rest, step);
    case Step::Kind::quiet:
    case Step::Kind::loud:
      return take_node(rest, step, true);
    case Step::Kind::campaign:
    case Step::Kind::elect:
      return take_node(rest, step, false);
    case Step::Kind::change:
      return take_change(rest, step);
    case Step::Kind::transfer: {
      const auto from = rest.size() == 2 ? node_of(rest[0]) : std::nullopt;
      const auto to = rest.size() == 2 ? node_of(rest[1]) : std::nullopt;
      step.node = from.value_or(model::NodeId{});
      step.other = to.value_or(model::NodeId{});
      return from && to;
    }
    case Step::Kind::die_at_event: {
      const auto node = rest.size() == 2 ? node_of(rest[0]) : std::nullopt;
      const auto event = rest.size() == 2 ? number_of(rest[1]) : std::nullopt;
      step.node = node.value_or(model::NodeId{});
      step.event = static_cast<std::uint64_t>(event.value_or(0));
      return node && step.event > 0;
    }
    case Step::Kind::plant:
      step.unwatched = !rest.empty() && rest[0] == "unwatched";
      return rest.size() == (step.unwatched ? 1U : 0U);
    case Step::Kind::order:
    case Step::Kind::fault:
      return false;
  }
  return false;
}

}  // namespace

std::optional<Step> parse_step(const std::vector<std::string>& words, std::uint32_t line,
                               const protocol::EngineProbe& engine) {
  static const std::map<std::string, Step::Kind, std::less<>> kKinds{
      {"await", Step::Kind::await},       {"expect", Step::Kind::expect},
      {"wait", Step::Kind::wait},         {"note", Step::Kind::note},
      {"hold", Step::Kind::hold},         {"release", Step::Kind::release},
      {"pass", Step::Kind::pass},         {"drop", Step::Kind::drop},
      {"quiet", Step::Kind::quiet},       {"loud", Step::Kind::loud},
      {"campaign", Step::Kind::campaign}, {"elect", Step::Kind::elect},
      {"change", Step::Kind::change},     {"transfer", Step::Kind::transfer},
      {"plant", Step::Kind::plant},       {"die_at_event", Step::Kind::die_at_event},
      {"demand", Step::Kind::demand},
  };
  static const std::map<std::string, OrderKind, std::less<>> kOrders{
      {"write", OrderKind::write},
      {"read", OrderKind::read},
      {"remove", OrderKind::remove},
      {"read_follower", OrderKind::read_follower},
  };
  if (words.empty()) {
    return std::nullopt;
  }
  Step step;
  step.words = words;
  step.line = line;
  const Words rest = Words(words).subspan(1);
  if (const auto order = kOrders.find(words[0]); order != kOrders.end()) {
    return take_order(rest, step, order->second) ? std::optional(step) : std::nullopt;
  }
  const auto kind = kKinds.find(words[0]);
  if (kind == kKinds.end()) {
    return step;  // a fault; its words are checked when it is carried out
  }
  step.kind = kind->second;
  return take_simple(rest, step, engine) ? std::optional(step) : std::nullopt;
}

}  // namespace ostraka::sim
