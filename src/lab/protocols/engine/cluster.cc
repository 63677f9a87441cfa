#include "lab/protocols/engine/cluster.h"

#include "lab/protocols/engine/client_process.h"
#include "lab/protocols/engine/node_process.h"
#include "lab/protocols/engine/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace ostraka::lab::engine {
namespace {

protocol::Settings settings_of(const Parameters& parameters) {
  protocol::Settings settings;
  settings.heartbeat_interval = parameters.milliseconds("heartbeat");
  settings.lease = parameters.milliseconds("lease");
  settings.election_timeout_min = parameters.milliseconds("election_min");
  settings.election_timeout_max =
      std::max(settings.election_timeout_min, parameters.milliseconds("election_max"));
  settings.trace = true;
  return settings;
}

std::shared_ptr<const model::Configuration> configuration_of(std::uint32_t nodes) {
  model::Configuration configuration;
  for (std::uint32_t id = 1; id <= nodes; ++id) {
    configuration.voters.push_back(member(id));
  }
  return std::make_shared<const model::Configuration>(std::move(configuration));
}

// Everybody applies the same entry at the same place.
void check_order(const Record& record, Judge& judge) {
  std::map<std::int64_t, const RecordEvent*> first;
  for (const RecordEvent* event : outputs_of(record, "applied")) {
    const auto [at, is_new] = first.emplace(event->fields.integer("index"), event);
    if (!is_new && at->second->fields["entry"] != event->fields["entry"]) {
      judge.violated(
          "same_order", {at->second->id, event->id},
          fmt::format("entry {} is {} at {} and {} at {}", at->first,
                      at->second->fields["entry"].render(), record.name_of(at->second->process),
                      event->fields["entry"].render(), record.name_of(event->process)));
    }
  }
}

// Nobody leads what another has led.
void check_leaders(const Record& record, Judge& judge) {
  std::map<std::int64_t, const RecordEvent*> first;
  for (const RecordEvent* event : outputs_of(record, "leads")) {
    const auto [at, is_new] = first.emplace(event->fields.integer("term"), event);
    if (!is_new && at->second->process != event->process) {
      judge.violated(
          "one_leader", {at->second->id, event->id},
          fmt::format("{} and {} both lead in term {}", record.name_of(at->second->process),
                      record.name_of(event->process), at->first));
    }
  }
}

// A read shows what was acknowledged, to whomever, before it was asked.
void check_reads(const Record& record, Judge& judge) {
  std::map<std::pair<ProcessId, std::int64_t>, EventId> asked;
  for (const RecordEvent* event : outputs_of(record, "asks")) {
    asked.emplace(std::pair{event->process, event->fields.integer("number")}, event->id);
  }
  const std::vector<const RecordEvent*> writes = outputs_of(record, "acknowledged");
  for (const RecordEvent* read : outputs_of(record, "read")) {
    const EventId at = asked.at({read->process, read->fields.integer("number")});
    const List& values = read->fields.list("values");
    for (const RecordEvent* write : writes) {
      if (write->id < at && std::ranges::find(values, write->fields["value"]) == values.end()) {
        judge.violated("fresh_reads", {write->id, at, read->id},
                       fmt::format("{} was written before {} asked, which does not see it",
                                   write->fields.text("value"), record.name_of(read->process)));
      }
    }
  }
}

// What a client was told is written was applied by then, and by whoever applies that far.
void check_durability(const Record& record, Judge& judge) {
  std::map<std::string, EventId> applied;  // "client#number", when first
  for (const RecordEvent* event : outputs_of(record, "applied")) {
    const std::string& entry = event->fields.text("entry");
    applied.emplace(entry.substr(0, entry.find(':')), event->id);
  }
  for (const RecordEvent* event : outputs_of(record, "acknowledged")) {
    const std::string request =
        fmt::format("{}#{}", event->process.value(), event->fields.integer("number"));
    const auto at = applied.find(request);
    if (at == applied.end() || at->second > event->id) {
      judge.violated("durability", {event->id},
                     fmt::format("{} was told that {} is written, and nobody had applied it",
                                 record.name_of(event->process), event->fields.text("value")));
    }
  }
}

void check(const RunContext&, const Record& record, Judge& judge) {
  for (const RecordEvent* event : outputs_of(record, "invariant")) {
    judge.violated("invariants", {event->id}, event->fields.text("text"));
  }
  check_leaders(record, judge);
  check_order(record, judge);
  check_reads(record, judge);
  check_durability(record, judge);
  std::size_t wanted = 0;
  std::vector<EventId> done;
  for (const RecordEvent& event : record.events) {
    if (event.process.is_none() || !is_up_at_end(record, event.process)) {
      continue;
    }
    if (event.kind == EventKind::input && (event.topic == "write" || event.topic == "read")) {
      ++wanted;
    } else if (event.topic == "acknowledged" || event.topic == "read") {
      done.push_back(event.id);
    }
  }
  const std::size_t count = done.size();
  judge.eventually("progress", count == wanted, std::move(done),
                   fmt::format("{} of {} writes and reads are done", count, wanted));
}

std::vector<std::string_view> assumptions() {
  return {
      "Processes crash and come back with their stable storage; none lies.",
      "Messages may be lost, duplicated, late and out of order, never corrupted.",
      "Safety of the log needs no clock. Leases of the leader need clocks whose rates differ by "
      "at most one per cent."};
}

std::vector<Property> properties() {
  return {
      {"invariants", PropertyKind::safety,
       "What the engine promises inwardly holds after every step (its invariants.h)."},
      {"same_order", PropertyKind::safety, "All nodes apply the same entries in one order."},
      {"one_leader", PropertyKind::safety, "A term, ballot or epoch has one leader."},
      {"fresh_reads", PropertyKind::safety,
       "A read shows every write that was acknowledged before it was asked."},
      {"durability", PropertyKind::safety, "A write that a client was told of has been applied."},
      {"progress", PropertyKind::liveness, "Every write and read that a client wants is done."}};
}

}  // namespace

std::vector<Parameter> cluster_parameters(std::vector<std::string_view> bugs) {
  bugs.insert(bugs.begin(), "none");
  const auto last_bug = static_cast<std::int64_t>(bugs.size()) - 1;
  return {{"nodes", 1, 7, 3, "", "processes n1, n2, …"},
          {"clients", 1, 3, 1, "", "processes c1, c2, …"},
          {"heartbeat", 10, 1000, 100, "ms", "between the heartbeats of a leader"},
          {"election_min", 50, 5000, 500, "ms", "the shortest election time-out"},
          {"election_max", 50, 10'000, 800, "ms", "the longest election time-out"},
          {"lease", 10, 5000, 250, "ms", "promise of the voters to a leader"},
          {"clock_n1", -90, 100, 0, "%", "how much too fast the clock of n1 is"},
          {"clock_n2", -90, 100, 0, "%", "how much too fast the clock of n2 is"},
          {"clock_n3", -90, 100, 0, "%", "how much too fast the clock of n3 is"},
          {"patience", 50, 10'000, 400, "ms", "a client asks the next node after so long"},
          {"voters", 0, 7, 0, "", "n1, … that vote at first, if not all; the others wait"},
          {"keep", 0, 100, 0, "", "entries in a log before a snapshot takes their place; 0 = all"},
          {"bug", 0, last_bug, 0, "", "planted into the engine, to show the checker at work",
           std::move(bugs)}};
}

Setup make_cluster(const RunContext& context, const Spec& spec) {
  const Parameters& parameters = context.parameters;
  const auto nodes = static_cast<std::uint32_t>(parameters["nodes"]);
  const auto wanted = static_cast<std::uint32_t>(parameters["voters"]);
  const std::uint32_t voters = wanted == 0 ? nodes : std::min(wanted, nodes);
  const auto watch = std::make_shared<Watch>();
  watch->invariants = spec.invariants();
  const NodeProcess::Options options{.spec = &spec,
                                     .settings = settings_of(parameters),
                                     .configuration = configuration_of(voters),
                                     .keep = static_cast<std::uint64_t>(parameters["keep"]),
                                     .bug = parameters["bug"],
                                     .watch = watch};
  Setup setup;
  for (std::uint32_t i = 1; i <= nodes; ++i) {
    setup.processes.push_back({fmt::format("n{}", i), "node", [options](const Birth& birth) {
                                 return std::make_unique<NodeProcess>(birth, options);
                               }});
    if (i <= 3) {
      setup.processes.back().clock.rate_ppm = parameters[fmt::format("clock_n{}", i)] * 10'000;
    }
  }
  const base::Duration patience = parameters.milliseconds("patience");
  for (std::int64_t i = 1; i <= parameters["clients"]; ++i) {
    setup.processes.push_back({fmt::format("c{}", i), "client", [nodes, patience](const Birth&) {
                                 return std::make_unique<ClientProcess>(nodes, patience);
                               }});
  }
  return setup;
}

Declaration declare(Declaration engine) {
  engine.family = "agreement";
  engine.assumptions = assumptions();
  engine.defaults = {
      {"delay_min", "5"}, {"delay_max", "15"}, {"disk", "1"}, {"time_limit", "3000"}};
  engine.properties = properties();
  engine.check = check;
  return engine;
}

Scenario reads_by_lease() {
  return {.name = "reads",
          .kind = ScenarioKind::normal,
          .title = "A leader answers reads by its lease, without asking anybody",
          .set = {{"time_limit", "1500"}},
          .inputs = {campaign(10, "n1"), write(200, "c1", "x"), read(400, "c1"), read(500, "c1")}};
}

Scenario no_majority(std::string_view name) {
  return {.name = name,
          .kind = ScenarioKind::famous_failure,
          .title = "Two of three nodes are down: the leader gives up, nothing is written",
          .inputs = {campaign(10, "n1"), write(200, "c1", "x"), write(500, "c1", "y")},
          .interventions = {"crash n2 at 400ms", "crash n3 at 400ms"},
          .expect = {{"progress", Verdict::open}}};
}

Operation campaign(std::int64_t ms, std::string node) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(node),
          .kind = "campaign"};
}

Operation change(std::int64_t ms, std::string node, List voters, bool is_joint) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(node),
          .kind = "change",
          .fields = {{"voters", std::move(voters)}, {"joint", is_joint ? 1 : 0}}};
}

Operation write(std::int64_t ms, std::string client, std::string value) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(client),
          .kind = "write",
          .fields = {{"value", std::move(value)}}};
}

Operation read(std::int64_t ms, std::string client) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(client),
          .kind = "read"};
}

}  // namespace ostraka::lab::engine
