#include "lab/protocols/reconciliation/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace ostraka::lab::reconciliation_detail {
namespace {

constexpr std::size_t kNamed = 4;  // deltas of a text

List lines_of(const std::vector<Known>& digest) {
  List list;
  for (const Known& each : digest) {
    list.emplace_back(each.key == 0 ? List{each.owner, each.version}
                                    : List{each.owner, each.key, each.version});
  }
  return list;
}

std::vector<Known> digest_from(const List& list) {
  std::vector<Known> digest;
  for (const Value& each : list) {
    const List& line = each.list();
    digest.push_back({.owner = line.front().integer(),
                      .key = line.size() == 3 ? line.at(1).integer() : 0,
                      .version = line.back().integer()});
  }
  return digest;
}

std::string text_of(const std::vector<Delta>& deltas) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, deltas.size()); ++i) {
    const Delta& each = deltas[i];
    text += fmt::format("{}n{}.k{}@{}", i == 0 ? "" : " ", each.owner, each.key, each.version);
  }
  return deltas.size() <= kNamed ? text : fmt::format("{} +{}", text, deltas.size() - kNamed);
}

}  // namespace

Plan::Plan(const Parameters& parameters)
    : method(static_cast<Method>(parameters["method"])),
      nodes(parameters["nodes"]),
      keys(parameters["keys"]),
      writers(std::min(parameters["writers"], nodes)),
      updates(parameters["updates"]),
      busy(parameters["busy"]),
      rounds(parameters["rounds"]),
      interval(parameters.milliseconds("interval")),
      value_bytes(parameters["size"]),
      bytes_max(parameters["mtu"]) {}

List to_list(const std::vector<Delta>& deltas) {
  List list;
  for (const Delta& each : deltas) {
    list.emplace_back(List{each.owner, each.key, each.version, each.written});
  }
  return list;
}

std::vector<Delta> deltas_from(const List& list) {
  std::vector<Delta> deltas;
  for (const Value& each : list) {
    const List& it = each.list();
    deltas.push_back({.owner = it.at(0).integer(),
                      .key = it.at(1).integer(),
                      .version = it.at(2).integer(),
                      .written = it.at(3).integer()});
  }
  return deltas;
}

std::int64_t bytes_of(const Plan& plan, const Fields& fields) {
  return fields.has("deltas") ? deltas_bytes(fields.list("deltas").size(), plan.value_bytes)
                              : digest_bytes(plan.method, fields.list("knows").size());
}

Node::Node(const Birth& birth, const Plan& plan)
    : self_(birth.self.value()),
      plan_(plan),
      prng_(birth.seed),
      store_(plan.nodes, plan.keys),
      is_restart_(birth.is_restart) {
  for (const auto& [key, value] : *birth.storage) {
    store_.take(deltas_from({value}).front());
  }
}

void Node::step(const Event& event, Effects& effects) {
  if (const auto* received = std::get_if<Received>(&event.body)) {
    on_message(received->from, *received->message, effects);
  } else if (std::holds_alternative<TimerFired>(event.body)) {
    on_round(event.now, effects);
  } else if (std::holds_alternative<Started>(event.body)) {
    begin(event.now, is_restart_, effects);
  }
}

void Node::begin(base::Instant now, bool is_restart, Effects& effects) {
  if (is_restart) {
    const std::vector<Delta> known = store_.all();
    effects.output("recovers", {{"deltas", to_list(known)}},
                   fmt::format("comes back with {} entries", known.size()));
    show(effects);
  }
  effects.arm("round", now + plan_.interval);
}

std::int64_t Node::round_at(base::Instant now) const {
  return (now - base::Instant()).as_nanoseconds() / plan_.interval.as_nanoseconds();
}

void Node::on_round(base::Instant now, Effects& effects) {
  const std::int64_t round = round_at(now);
  if (round > plan_.rounds) {
    return;
  }
  effects.arm("round", now + plan_.interval);
  if (round <= plan_.busy && self_ <= plan_.writers) {
    for (std::int64_t i = 0; i < plan_.updates; ++i) {
      update(now, effects);
    }
    show(effects);
  }
  const auto drawn =
      static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(plan_.nodes - 1)) + 1);
  const std::int64_t other = drawn < self_ ? drawn : drawn + 1;
  const std::int64_t first = prng_.between(1, plan_.nodes);
  effects.at(Step::digest);
  // What it says is known must be so after a crash as well.
  effects.send_after_durable(
      ProcessId{static_cast<std::uint32_t>(other)}, "digest",
      {{"knows", lines_of(store_.digest(plan_.method, first, plan_.bytes_max))}});
}

void Node::on_message(ProcessId from, const Message& message, Effects& effects) {
  if (message.kind == "deltas") {
    take(deltas_from(message.fields.list("deltas")), effects);
    return;
  }
  const std::vector<Known> digest = digest_from(message.fields.list("knows"));
  send_deltas(from, digest, effects);
  if (message.kind == "digest" && store_.lacks(digest)) {
    effects.at(Step::answer);
    effects.send_after_durable(from, "answer",
                               {{"knows", lines_of(store_.answer(plan_.method, digest))}});
  }
}

void Node::send_deltas(ProcessId to, const std::vector<Known>& digest, Effects& effects) {
  const std::vector<Delta> sent = choose(plan_.method, store_.newer_than(digest),
                                         deltas_max(plan_.bytes_max, plan_.value_bytes), prng_);
  if (!sent.empty()) {
    effects.at(Step::deltas);
    effects.send_after_durable(to, "deltas", {{"deltas", to_list(sent)}});
  }
}

void Node::update(base::Instant now, Effects& effects) {
  const std::int64_t ms = (now - base::Instant()).as_milliseconds();
  const Delta delta = store_.update(self_, prng_.between(1, plan_.keys), ms);
  keep(delta, effects);
  effects.at(Step::update);
  effects.output("updates", {{"deltas", to_list({delta})}},
                 fmt::format("changes k{}: version {}", delta.key, delta.version));
}

void Node::take(const std::vector<Delta>& deltas, Effects& effects) {
  std::vector<Delta> taken;
  for (const Delta& each : deltas) {
    if (store_.take(each)) {
      keep(each, effects);
      taken.push_back(each);
    }
  }
  if (!taken.empty()) {
    effects.at(Step::take);
    effects.output("takes", {{"deltas", to_list(taken)}}, "takes " + text_of(taken));
    show(effects);
  }
}

void Node::keep(const Delta& delta, Effects& effects) {
  effects.write(fmt::format("n{}_k{}", delta.owner, delta.key), to_list({delta}).front());
}

void Node::show(Effects& effects) const {
  std::string text;
  for (std::int64_t owner = 1; owner <= plan_.nodes; ++owner) {
    text += fmt::format("{}{}", owner == 1 ? "" : " ", store_.highest(owner));
  }
  effects.show("versions", text);
}

}  // namespace ostraka::lab::reconciliation_detail
