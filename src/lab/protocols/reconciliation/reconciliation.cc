#include "lab/protocols/reconciliation/reconciliation.h"

#include "lab/protocols/reconciliation/curves.h"
#include "lab/protocols/reconciliation/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

namespace ostraka::lab {
namespace {

using reconciliation_detail::Delta;
using reconciliation_detail::Plan;
using reconciliation_detail::Views;

Setup make(const RunContext& context) {
  const Plan plan(context.parameters);
  Setup setup;
  for (std::int64_t i = 1; i <= plan.nodes; ++i) {
    setup.processes.push_back({fmt::format("n{}", i), "node", [plan](const Birth& birth) {
                                 return std::make_unique<reconciliation_detail::Node>(birth, plan);
                               }});
  }
  return setup;
}

// Who says by its highest version that it knows all below must know them: the newest of the owner's
// entries that are not above.
void check_digest(const Record& record, const RecordEvent& event, const Views& views,
                  std::size_t owner, Judge& judge) {
  const auto& known = views.at(event.process.value() - 1).at(owner);
  const auto& newest = views.at(owner).at(owner);
  const std::int64_t highest = *std::ranges::max_element(known);
  for (std::size_t key = 0; key < known.size(); ++key) {
    if (newest[key] <= highest && known[key] < newest[key]) {
      judge.violated(
          "honest_digests", {event.id},
          fmt::format("{} tells that it knows n{} up to version {}, and does not know "
                      "k{}, version {}: nobody will send it any more",
                      record.name_of(event.process), owner + 1, highest, key + 1, newest[key]));
    }
  }
}

void check_end(const Record& record, const Views& views, Judge& judge) {
  std::vector<const std::vector<std::vector<std::int64_t>>*> up;
  for (std::uint32_t id = 1; id <= record.processes.size(); ++id) {
    if (is_up_at_end(record, ProcessId{id})) {
      up.push_back(&views.at(id - 1));
    }
  }
  std::int64_t stale = 0;
  for (const auto* one : up) {
    for (std::size_t owner = 0; owner < one->size(); ++owner) {
      for (std::size_t key = 0; key < (*one)[owner].size(); ++key) {
        stale +=
            std::ranges::any_of(
                up, [&](const auto* other) { return (*other)[owner][key] > (*one)[owner][key]; })
                ? 1
                : 0;
      }
    }
  }
  judge.eventually("converges", stale == 0, {},
                   stale == 0 ? "everyone knows the same"
                              : fmt::format("{} entries are older than somewhere else", stale));
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const Plan plan(context.parameters);
  Views views = reconciliation_detail::no_views(plan.nodes, plan.keys);
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> written;
  for (const RecordEvent& event : record.events) {
    if (event.kind != EventKind::output) {
      continue;
    }
    reconciliation_detail::follow(event, views);
    std::set<std::size_t> owners;
    for (const Delta& each : reconciliation_detail::deltas_from(event.fields.list("deltas"))) {
      owners.insert(static_cast<std::size_t>(each.owner - 1));
      if (event.topic == "updates") {
        written.emplace(each.owner, each.key, each.version);
      } else if (!written.contains({each.owner, each.key, each.version})) {
        judge.violated(
            "no_invention", {event.id},
            fmt::format("n{} never wrote version {} of k{}", each.owner, each.version, each.key));
      }
    }
    for (const std::size_t owner : owners) {
      if (!is_precise(plan.method)) {
        check_digest(record, event, views, owner, judge);
      }
    }
  }
  for (const RecordMessage& message : record.messages) {
    const std::int64_t bytes = reconciliation_detail::bytes_of(plan, message.fields);
    if (bytes > plan.bytes_max) {
      judge.violated("bounded", {message.send_event},
                     fmt::format("{} has {} bytes", message.id, bytes));
    }
  }
  check_end(record, views, judge);
}

std::vector<Scenario> scenarios() {
  return {
      {.name = "scuttlebutt",
       .kind = ScenarioKind::normal,
       .title =
           "Digests of one number an owner; each owner's oldest news first, all owners in turn",
       .set = {}},
      {.name = "depth",
       .kind = ScenarioKind::normal,
       .title = "Scuttlebutt, where the owner with the most news tells all of it first",
       .set = {{"method", "scuttle_depth"}}},
      {.name = "precise",
       .kind = ScenarioKind::normal,
       .title = "Precise reconciliation: digests of one number an entry, the oldest news first",
       .set = {{"method", "precise_oldest"}}},
      {.name = "newest_first",
       .kind = ScenarioKind::normal,
       .title = "Precise, the newest news first: right, but while changes go on the old ones wait",
       .set = {{"method", "precise_newest"}, {"mtu", "300"}, {"rounds", "30"}}},
      {.name = "gaps",
       .kind = ScenarioKind::famous_failure,
       .title = "Digests of one number an owner, but the newest first: what was left out is never "
                "sent again",
       .set = {{"method", "scuttle_gaps"}, {"mtu", "256"}},
       .expect = {{"honest_digests", Verdict::violated}, {"converges", Verdict::violated}}},
      {.name = "no_gaps",
       .kind = ScenarioKind::famous_fix,
       .title = "The same with the oldest of each owner first: everything arrives",
       .set = {{"mtu", "256"}, {"rounds", "30"}}},
      {.name = "losses",
       .kind = ScenarioKind::normal,
       .title = "One message of five is lost: the next meetings make up for it",
       .set = {{"loss", "20"}, {"rounds", "30"}}},
      {.name = "cut_off",
       .kind = ScenarioKind::famous_fix,
       .title = "Two nodes are cut off while all write; then they catch up, in bounded messages",
       .set = {{"rounds", "30"}},
       .interventions = {"partition n1,n2|n3,n4,n5 at 60ms until 500ms"}},
  };
}

std::vector<Parameter> parameters() {
  return {
      {"nodes", 2, 12, 5, "", "n1, n2, …"},
      {"method",
       0,
       4,
       2,
       "",
       "what a digest says, and what goes first",
       {"precise_oldest", "precise_newest", "scuttle_breadth", "scuttle_depth", "scuttle_gaps"}},
      {"keys", 1, 16, 4, "", "entries of each node"},
      {"writers", 1, 12, 12, "", "how many nodes change their entries"},
      {"updates", 1, 8, 2, "", "changes of each writer in a busy round"},
      {"busy", 1, 50, 6, "", "rounds in which writers write"},
      {"rounds", 1, 100, 18, "", "then the run ends"},
      {"interval", 10, 10'000, 50, "ms", "from round to round"},
      {"size", 1, 200, 60, "bytes", "of an entry's value"},
      {"mtu", 256, 10'000, 512, "bytes", "of the longest message"}};
}

}  // namespace

const Declaration& reconciliation() {
  static const Declaration kDeclaration{
      .name = "reconciliation",
      .title = "Reconciliation",
      .family = "gossip",
      .summary = "Anti-entropy over many entries in bounded messages: precise and Scuttlebutt.",
      .assumptions = {"Processes crash and come back with their stable storage; none lies.",
                      "Messages may be lost, duplicated, late and out of order.",
                      "Everyone knows everyone, and draws partners evenly.",
                      "An entry is changed by its owner alone, which counts its changes."},
      .steps = {{"A node changes an entry of its own: the entry takes the owner's next version.",
                 "van Renesse et al. 2008, section 2"},
                {"Once a round a node sends a drawn one its digest: of each entry the version it "
                 "knows (precise), or of each owner the highest version (Scuttlebutt).",
                 "van Renesse et al. 2008, sections 3.1 and 3.2"},
                {"Who sees in a digest what it does not know answers with its own.",
                 "van Renesse et al. 2008, section 2"},
                {"Who has a digest sends what is newer than it, as much as a message holds: in any "
                 "order (precise), or of each owner the lower versions first (Scuttlebutt).",
                 "van Renesse et al. 2008, sections 3.1 and 3.2"},
                {"A node takes what is newer than its own.", "van Renesse et al. 2008, section 2"}},
      .parameters = parameters(),
      .defaults = {{"delay_min", "2"}, {"delay_max", "8"}, {"time_limit", "20000"}},
      .properties = {{"no_invention", PropertyKind::safety,
                      "Who knows a version of an entry has what its owner wrote."},
                     {"honest_digests", PropertyKind::safety,
                      "What a digest says is known is known."},
                     {"bounded", PropertyKind::safety, "No message is longer than the MTU."},
                     {"converges", PropertyKind::liveness,
                      "Everyone who is up comes to know the newest version of every entry."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check,
      .plot = reconciliation_detail::plot};
  return kDeclaration;
}

}  // namespace ostraka::lab
