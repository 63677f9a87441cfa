#include "lab/protocols/hash_ring/node.h"

#include <fmt/format.h>

namespace ostraka::lab::hash_ring_detail {
namespace {

List names_of(const std::map<std::int64_t, std::int64_t>& keys) {
  List names;
  for (const auto& [key, version] : keys) {
    names.emplace_back(key);
  }
  return names;
}

}  // namespace

std::uint32_t first_weight(const Parameters& parameters, std::uint32_t node) {
  if (node > static_cast<std::uint32_t>(parameters["nodes"])) {
    return 0;
  }
  return node == 1 ? static_cast<std::uint32_t>(parameters["weight"]) : 1;
}

void Administrator::step(const Event& event, Effects& effects) {
  const auto* input = std::get_if<Input>(&event.body);
  if (input == nullptr) {
    return;
  }
  ++version_;
  effects.at(Step::change);
  effects.show("version", version_);
  for (std::uint32_t node = 1; node <= nodes_; ++node) {
    effects.send(process_of(node), "change",
                 {{"version", version_},
                  {"node", input->fields["node"]},
                  {"weight", input->fields["weight"]}});
  }
}

Node::Node(const Birth& birth, const Parameters& parameters)
    : self_(birth.self.value() - 1),
      key_count_(birth.is_restart ? 0 : parameters["keys"]),  // a crash loses what it had
      placement_(static_cast<Method>(parameters["method"]),
                 static_cast<std::uint32_t>(parameters["tokens"])) {
  for (std::uint32_t node = 1; node <= nodes_in_all(parameters); ++node) {
    if (const std::uint32_t weight = first_weight(parameters, node); weight > 0) {
      placement_.set_weight(node, weight);
    }
  }
}

void Node::step(const Event& event, Effects& effects) {
  if (std::holds_alternative<Started>(event.body)) {
    start(effects);
  } else if (const auto* received = std::get_if<Received>(&event.body)) {
    const Fields& fields = received->message->fields;
    if (received->message->kind == "change") {
      if (fields.integer("version") > version_) {
        changes_[fields.integer("version")] = {
            static_cast<std::uint32_t>(fields.integer("node")),
            static_cast<std::uint32_t>(fields.integer("weight"))};
      }
      apply_changes(effects);
    } else {
      take(received->from, fields, effects);
    }
  }
  effects.show("keys", static_cast<std::int64_t>(keys_.size()));
  effects.show("version", version_);
}

void Node::start(Effects& effects) {
  for (std::int64_t key = 0; key < key_count_; ++key) {
    if (placement_.owner(key) == self_) {
      keys_[key] = 0;
    }
  }
  effects.at(Step::place);
  effects.output("has", {{"keys", names_of(keys_)}}, fmt::format("has {} keys", keys_.size()));
}

void Node::apply_changes(Effects& effects) {
  while (!changes_.empty() && changes_.begin()->first == version_ + 1) {
    const auto [node, weight] = changes_.begin()->second;
    changes_.erase(changes_.begin());
    ++version_;
    placement_.set_weight(node, weight);
    hand_over(effects);
  }
}

void Node::take(ProcessId from, const Fields& fields, Effects& effects) {
  const List& keys = fields.list("keys");
  for (const Value& key : keys) {
    keys_[key.integer()] = fields.integer("version");
  }
  effects.at(Step::take);
  effects.output("takes", {{"from", from.value() - 1}, {"keys", keys}},
                 fmt::format("takes {} keys, has {}", keys.size(), keys_.size()));
  hand_over(effects);
}

void Node::hand_over(Effects& effects) {
  std::map<std::uint32_t, List> to;
  for (const auto& [key, version] : keys_) {
    const std::uint32_t owner = placement_.owner(key);
    if (version <= version_ && owner != self_ && owner != 0) {
      to[owner].emplace_back(key);
    }
  }
  effects.at(Step::hand_over);
  for (const auto& [owner, keys] : to) {
    for (const Value& key : keys) {
      keys_.erase(key.integer());
    }
    effects.output("gives", {{"version", version_}, {"to", owner}, {"keys", keys}},
                   fmt::format("gives {} keys to n{}", keys.size(), owner));
    effects.send(process_of(owner), "keys", {{"version", version_}, {"keys", keys}});
  }
}

}  // namespace ostraka::lab::hash_ring_detail
