#include "lab/protocols/hash_ring/hash_ring.h"

#include "lab/protocols/hash_ring/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace ostraka::lab {
namespace {

using hash_ring_detail::Method;
using hash_ring_detail::Placement;

constexpr double kSpreadMax = 1.3;  // as few keys as a run has stray by themselves

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  setup.processes.push_back({"admin", "administrator", [parameters](const Birth&) {
                               return std::make_unique<hash_ring_detail::Administrator>(parameters);
                             }});
  for (std::uint32_t i = 1; i <= hash_ring_detail::nodes_in_all(parameters); ++i) {
    setup.processes.push_back({fmt::format("n{}", i), "node", [parameters](const Birth& birth) {
                                 return std::make_unique<hash_ring_detail::Node>(birth, parameters);
                               }});
  }
  return setup;
}

struct Change {
  std::int64_t node = 0;
  std::map<std::int64_t, std::int64_t> before = {};  // weights
  std::map<std::int64_t, std::int64_t> after = {};
  std::set<std::int64_t> moved = {};
  std::vector<EventId> events = {};
};

std::vector<Change> changes_of(const RunContext& context, const Record& record) {
  std::map<std::int64_t, std::int64_t> weights;
  for (std::uint32_t node = 1; node < record.processes.size(); ++node) {
    weights[node] = hash_ring_detail::first_weight(context.parameters, node);
  }
  std::vector<Change> changes{{.after = weights}};  // that of number 0 is how it begins
  for (const RecordEvent* input : events_of(record, EventKind::input)) {
    Change change{.node = input->fields.integer("node"), .before = weights};
    weights[change.node] = input->fields.integer("weight");
    change.after = weights;
    changes.push_back(change);
  }
  return changes;
}

double due_of(const std::map<std::int64_t, std::int64_t>& weights, std::int64_t node) {
  double total = 0;
  for (const auto& [each, weight] : weights) {
    total += static_cast<double>(weight);
  }
  const auto own = weights.find(node);
  return total == 0 || own == weights.end() ? 0 : static_cast<double>(own->second) / total;
}

// A change moves what the node gains or loses by its weight, 5 % more for chance, and nothing
// between two others.
void check_movement(const Record& record, std::vector<Change> changes, double keys, Judge& judge) {
  for (const RecordEvent* gives : outputs_of(record, "gives")) {
    const auto version = static_cast<std::size_t>(gives->fields.integer("version"));
    if (version >= changes.size()) {
      continue;
    }
    Change& change = changes[version];
    change.events.push_back(gives->id);
    for (const Value& key : gives->fields.list("keys")) {
      change.moved.insert(key.integer());
    }
    const std::int64_t from = gives->process.value() - 1;
    if (from != change.node && gives->fields.integer("to") != change.node) {
      judge.violated("minimal_movement", {gives->id},
                     fmt::format("keys go from n{} to n{}, though only n{} changed", from,
                                 gives->fields.integer("to"), change.node));
    }
    const double moved = static_cast<double>(change.moved.size()) / keys;
    const double due =
        std::max(due_of(change.before, change.node), due_of(change.after, change.node));
    if (moved > due + 0.05) {
      judge.violated(
          "minimal_movement", change.events,
          fmt::format("{:.0f} % of the keys move; {:.0f} % is due", moved * 100, due * 100));
    }
  }
}

// Who has which key, by what the nodes say they give and take.
struct Holders {
  std::map<std::int64_t, std::set<ProcessId>> of;
  std::map<ProcessId, EventId> last;  // what changed a node's keys
};

Holders check_holders(const Record& record, Judge& judge) {
  Holders holders;
  for (const RecordEvent& event : record.events) {
    if (event.kind == EventKind::crash) {
      for (auto& [key, nodes] : holders.of) {
        nodes.erase(event.process);
      }
    }
    if (event.kind != EventKind::output) {
      continue;
    }
    holders.last[event.process] = event.id;
    for (const Value& key : event.fields.list("keys")) {
      std::set<ProcessId>& nodes = holders.of[key.integer()];
      if (event.topic == "gives") {
        nodes.erase(event.process);
        continue;
      }
      nodes.insert(event.process);
      if (nodes.size() > 1) {
        judge.violated(
            "one_owner", {event.id},
            fmt::format("key {} is at {} and {}", key.integer(), record.name_of(*nodes.begin()),
                        record.name_of(*nodes.rbegin())));
      }
    }
  }
  return holders;
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const std::int64_t keys = context.parameters["keys"];
  const std::vector<Change> changes = changes_of(context, record);
  check_movement(record, changes, static_cast<double>(keys), judge);
  const Holders holders = check_holders(record, judge);
  std::map<ProcessId, std::int64_t> count;
  std::int64_t lost = 0;
  for (std::int64_t key = 0; key < keys; ++key) {
    const auto it = holders.of.find(key);
    if (it == holders.of.end() || it->second.empty()) {
      ++lost;
    } else {
      ++count[*it->second.begin()];
    }
  }
  judge.eventually("settled", lost == 0, {},
                   lost == 0 ? "every key is at a node" : fmt::format("{} keys are nowhere", lost));
  if (lost > 0) {
    return;  // the spread of what is under way means nothing
  }
  double worst = 0;
  for (const auto& [node, its_keys] : count) {
    const double due = due_of(changes.back().after, node.value() - 1) * static_cast<double>(keys);
    const double spread = due > 0 ? static_cast<double>(its_keys) / due : 0;
    worst = std::max(worst, spread);
    if (spread > kSpreadMax) {
      judge.violated("balance", {holders.last.at(node)},
                     fmt::format("{} has {} keys, {:.2f} times what its weight is due",
                                 record.name_of(node), its_keys, spread));
    }
  }
  judge.held("balance", {}, fmt::format("the fullest node has {:.2f} times its due", worst));
}

constexpr std::array<const char*, 3> kMethods{"modulo", "hashed tokens", "ring"};
constexpr std::int64_t kSample = 4000;

Plot movement_plot() {
  Plot plot{.name = "movement",
            .title = "Keys that move when one more node enters",
            .x_label = "nodes before",
            .y_label = "% of keys"};
  for (std::size_t method = 0; method < kMethods.size(); ++method) {
    Plot::Series series{.name = kMethods.at(method)};
    Placement placement = placement_of(static_cast<Method>(method), 160, 1);
    for (std::uint32_t nodes = 1; nodes <= 16; ++nodes) {
      Placement next = placement;
      next.set_weight(nodes + 1, 1);
      int moved = 0;
      for (std::int64_t key = 0; key < kSample; ++key) {
        moved += placement.owner(key) == next.owner(key) ? 0 : 1;
      }
      series.points.emplace_back(nodes, 100.0 * moved / kSample);
      placement = next;
    }
    plot.series.push_back(std::move(series));
  }
  Plot::Series due{.name = "theory: 1/(n+1)"};
  for (int nodes = 1; nodes <= 16; ++nodes) {
    due.points.emplace_back(nodes, 100.0 / (nodes + 1));
  }
  plot.series.push_back(std::move(due));
  return plot;
}

Plot balance_plot() {
  Plot plot{.name = "balance",
            .title = "The fullest of 10 nodes against the mean",
            .x_label = "tokens of a node",
            .y_label = "times the mean"};
  for (const Method method : {Method::hashed, Method::ring}) {
    Plot::Series series{.name = kMethods.at(static_cast<std::size_t>(method))};
    for (const std::uint32_t tokens : {1U, 2U, 5U, 10U, 20U, 40U, 80U, 160U}) {
      const Placement placement = placement_of(method, tokens, 10);
      std::map<std::uint32_t, int> count;
      for (std::int64_t key = 0; key < kSample; ++key) {
        ++count[placement.owner(key)];
      }
      const auto most =
          std::ranges::max_element(count, {}, [](const auto& it) { return it.second; });
      series.points.emplace_back(tokens, 10.0 * most->second / kSample);
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

void plot(const RunContext&, const Record& record, std::vector<Plot>& plots) {
  // The same in every run.
  static const std::array<Plot, 2> kCurves{movement_plot(), balance_plot()};
  Plot keys{.name = "keys",
            .title = "Keys of each node at the end",
            .x_label = "node",
            .y_label = "keys",
            .bars = true};
  keys.series.emplace_back().name = "keys";
  std::map<ProcessId, double> count;
  for (const RecordEvent& event : record.events) {
    if (event.kind == EventKind::output) {
      const auto size = static_cast<double>(event.fields.list("keys").size());
      count[event.process] += event.topic == "gives" ? -size : size;
    }
  }
  for (const auto& [node, size] : count) {
    keys.series.front().points.emplace_back(static_cast<double>(keys.categories.size()), size);
    keys.categories.push_back(record.name_of(node));
  }
  plots.push_back(std::move(keys));
  plots.insert(plots.end(), kCurves.begin(), kCurves.end());
}

Operation set_weight(std::int64_t ms, std::int64_t node, std::int64_t weight) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = "admin",
          .kind = "set_weight",
          .fields = {{"node", node}, {"weight", weight}}};
}

std::vector<Scenario> scenarios() {
  return {
      {.name = "ring_enter",
       .kind = ScenarioKind::famous_fix,
       .title = "The ring: a fifth node takes a fifth of the keys, the others exchange nothing",
       .inputs = {set_weight(50, 5, 1)}},
      {.name = "modulo_enter",
       .kind = ScenarioKind::famous_failure,
       .title = "hash mod n: a fifth node, and four keys of five move",
       .set = {{"method", "modulo"}},
       .inputs = {set_weight(50, 5, 1)},
       .expect = {{"minimal_movement", Verdict::violated}}},
      {.name = "one_token",
       .kind = ScenarioKind::famous_failure,
       .title = "One hashed token a node, as in the first paper's basic form: luck decides who has "
                "how much",
       .set = {{"method", "hashed"}, {"tokens", "1"}, {"nodes", "10"}},
       .inputs = {set_weight(50, 11, 1)},
       .expect = {{"balance", Verdict::violated}}},
      {.name = "many_tokens",
       .kind = ScenarioKind::famous_fix,
       .title = "160 hashed tokens a node: nearly even",
       .set = {{"method", "hashed"}},
       .inputs = {set_weight(50, 5, 1)}},
      {.name = "ring_leave",
       .kind = ScenarioKind::normal,
       .title = "A node leaves the ring: its keys fall to many neighbours",
       .inputs = {set_weight(50, 2, 0)}},
      {.name = "weights",
       .kind = ScenarioKind::normal,
       .title = "A node of weight 3 has three times as much, and gives up half when it is 1",
       .set = {{"weight", "3"}},
       .inputs = {set_weight(50, 1, 1), set_weight(200, 5, 1)}},
      {.name = "two_changes",
       .kind = ScenarioKind::normal,
       .title = "Two changes at once: nodes learn of them at different times, no key is doubled",
       .inputs = {set_weight(50, 5, 1), set_weight(55, 2, 0)}},
  };
}

}  // namespace

const Declaration& hash_ring() {
  static const Declaration kDeclaration{
      .name = "hash_ring",
      .title = "Consistent hashing",
      .family = "distribution",
      .summary = "Which node has a key, so that a change of the nodes moves few of them.",
      .assumptions = {"Every node learns of the changes, in their order; the network loses and "
                      "doubles nothing.",
                      "Keys are spread by a hash that nobody chooses keys against."},
      .steps = {{"A key's hash is a position; its owner is the node of the first token clockwise.",
                 "Karger et al. 1997, section 4"},
                {"A node enters, leaves, or changes its weight: everybody is told.",
                 "DeCandia et al. 2007 (Dynamo), sections 4.2 and 4.8"},
                {"Each node computes the owners anew and hands over what is not its own any more.",
                 "DeCandia et al. 2007 (Dynamo), section 4.9"},
                {"The new owner takes the keys.", "DeCandia et al. 2007 (Dynamo), section 4.9"}},
      .parameters = {{"nodes", 1, 12, 4, "",
                      "that take part at first: n1, n2, …; one more may enter"},
                     {"keys", 1, 2000, 600, "", "numbered from 0"},
                     {"method",
                      0,
                      2,
                      2,
                      "",
                      "hash mod n, hashed tokens, or the product's ring",
                      {"modulo", "hashed", "ring"}},
                     {"tokens", 1, 500, 160, "", "per unit of weight"},
                     {"weight", 1, 10, 1, "", "of n1; the others have 1"}},
      .defaults = {},
      .properties = {{"one_owner", PropertyKind::safety, "No key is at two nodes at once."},
                     {"minimal_movement", PropertyKind::safety,
                      "A change moves no more keys than the node is due, give or take 5 % of all, "
                      "and none between two other nodes."},
                     {"balance", PropertyKind::safety,
                      "In the end no node has more than 1.3 times what its weight is due."},
                     {"settled", PropertyKind::liveness, "In the end every key is at a node."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check,
      .plot = plot};
  return kDeclaration;
}

}  // namespace ostraka::lab
