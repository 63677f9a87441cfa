#include "lab/protocols/lamport_mutex/lamport_mutex.h"

#include "base/prng.h"
#include "lab/core/causality.h"
#include "lab/protocols/lamport_mutex/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace ostraka::lab {
namespace {

Operation request(std::int64_t ms, const std::string& process, std::int64_t hold,
                  const std::string& tell = "") {
  Operation made{.at = base::Instant() + base::Duration::milliseconds(ms),
                 .process = process,
                 .kind = "request",
                 .fields = {{"hold", hold}}};
  if (!tell.empty()) {
    made.fields.set("tell", tell);
  }
  return made;
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  const bool is_central = parameters.text("arbiter") == "server";
  Setup setup;
  for (std::int64_t i = 0; i < parameters["processes"]; ++i) {
    const std::string start = fmt::format("start_p{}", i);
    const auto clock = i < 3 ? static_cast<std::uint64_t>(parameters[start]) : 0;
    const bool is_server = is_central && i == 0;
    setup.processes.push_back({.name = fmt::format("p{}", i),
                               .role = is_server ? "server" : "process",
                               .make = [=](const Birth& birth) -> std::unique_ptr<Process> {
                                 if (is_server) {
                                   return std::make_unique<mutex::Server>();
                                 }
                                 if (is_central) {
                                   return std::make_unique<mutex::Client>(birth.self);
                                 }
                                 return std::make_unique<mutex::Peer>(birth, parameters, clock);
                               }});
  }
  base::Prng prng(context.seed);
  for (std::int64_t i = 0; i < parameters["requests"]; ++i) {  // one a process at most
    setup.inputs.push_back(request(prng.between(0, 100), fmt::format("p{}", i), 20));
  }
  return setup;
}

void check_exclusion(const Record& record, Judge& judge) {
  std::map<ProcessId, EventId> inside;  // with the event of entering
  for (const RecordEvent& event : record.events) {
    if (event.kind == EventKind::crash || event.topic == "leave") {
      inside.erase(event.process);
    } else if (event.kind == EventKind::output && event.topic == "enter") {
      for (const auto& [other, since] : inside) {
        judge.violated("mutual_exclusion", {since, event.id},
                       fmt::format("{} takes the lock while {} has it",
                                   record.name_of(event.process), record.name_of(other)));
      }
      inside.emplace(event.process, event.id);
    }
  }
}

struct Turn {
  const RecordEvent* request;
  const RecordEvent* enter = nullptr;
};

std::vector<Turn> turns_of(const Record& record) {
  std::vector<Turn> turns;
  for (const RecordEvent* event : outputs_of(record, "request")) {
    turns.push_back({event});
  }
  for (const RecordEvent* event : outputs_of(record, "enter")) {
    const auto turn = std::ranges::find_if(turns, [event](const Turn& each) {
      return each.request->process == event->process && each.enter == nullptr;
    });
    if (turn != turns.end()) {
      turn->enter = event;
    }
  }
  return turns;
}

void check(const RunContext&, const Record& record, Judge& judge) {
  check_exclusion(record, judge);
  const Causality causality(record);
  const std::vector<Turn> turns = turns_of(record);
  for (const Turn& first : turns) {
    for (const Turn& second : turns) {
      if (second.enter != nullptr &&
          causality.happened_before(first.request->id, second.request->id) &&
          (first.enter == nullptr || first.enter->id > second.enter->id)) {
        judge.violated("order", {first.request->id, second.request->id, second.enter->id},
                       fmt::format("{} asked because {} had asked, and has the lock before it",
                                   record.name_of(second.request->process),
                                   record.name_of(first.request->process)));
      }
    }
  }
  std::vector<EventId> entries;
  std::size_t owed = 0;
  for (const Turn& turn : turns) {
    if (turn.enter != nullptr) {
      entries.push_back(turn.enter->id);
    } else if (is_up_at_end(record, turn.request->process)) {
      ++owed;
    }
  }
  judge.eventually("service", owed == 0, entries,
                   fmt::format("{} requests were granted, {} are waiting", entries.size(), owed));
}

const std::vector<Setting> kSteady{{"requests", "0"}, {"delay_min", "10"}, {"delay_max", "10"}};

std::vector<Setting> steady_with(std::vector<Setting> more) {
  more.insert(more.begin(), kSteady.begin(), kSteady.end());
  return more;
}

// p1's request to p0 is long under way; its answer to p0's own request overtakes it.
const std::vector<std::string_view> kOvertaken{"delay p1.p0.request.1 60ms"};
// p1 asks and tells p2, which asks too; p1's request to the server (or to p0) is late.
const std::vector<std::string_view> kLate{"delay p1.p0.request.1 60ms"};

std::vector<Scenario> scenarios() {
  return {
      {.name = "three_requests",
       .kind = ScenarioKind::normal,
       .title = "Three processes ask at about the same time and take turns"},
      {.name = "queue",
       .kind = ScenarioKind::normal,
       .title = "The worked example: [1:0] has the lock, [4:1] queues behind it",
       .set = steady_with({}),
       .inputs = {request(0, "p0", 50), request(25, "p1", 20)}},
      {.name = "race",
       .kind = ScenarioKind::normal,
       .title = "The worked example of a race: [20:2] asks later, and goes before [25:0]",
       .set = steady_with({{"start_p0", "24"}, {"start_p2", "19"}}),
       .inputs = {request(0, "p0", 20), request(5, "p2", 20)}},
      {.name = "overtaking",
       .kind = ScenarioKind::famous_failure,
       .title = "Without order on the links an answer overtakes a request: two have the lock",
       .set = steady_with({{"fifo", "0"}, {"start_p0", "5"}}),
       .inputs = {request(0, "p1", 150), request(5, "p0", 150)},
       .interventions = kOvertaken,
       .expect = {{"mutual_exclusion", Verdict::violated}}},
      {.name = "links_in_order",
       .kind = ScenarioKind::famous_fix,
       .title = "The same delay, but messages of a link stay in order: the answer waits as well",
       .set = steady_with({{"start_p0", "5"}}),
       .inputs = {request(0, "p1", 150), request(5, "p0", 150)},
       .interventions = kOvertaken},
      {.name = "central_server",
       .kind = ScenarioKind::famous_failure,
       .title = "A central server grants as requests arrive: p2, who asked because of p1, is first",
       .set = steady_with({{"arbiter", "server"}}),
       .inputs = {request(0, "p1", 20, "p2")},
       .interventions = kLate,
       .expect = {{"order", Verdict::violated}}},
      {.name = "no_server",
       .kind = ScenarioKind::famous_fix,
       .title = "The same without a server: stamps keep cause before effect",
       .set = steady_with({}),
       .inputs = {request(0, "p1", 20, "p2")},
       .interventions = kLate},
      {.name = "crash",
       .kind = ScenarioKind::famous_failure,
       .title = "One process is down: nobody has the lock ever again",
       .set = steady_with({}),
       .inputs = {request(10, "p0", 20)},
       .interventions = {"crash p2 at 5ms"},
       .expect = {{"service", Verdict::violated}}}};
}

}  // namespace

const Declaration& lamport_mutex() {
  static const Declaration kDeclaration{
      .name = "lamport_mutex",
      .title = "Lamport's mutual exclusion",
      .family = "time and order",
      .summary = "A lock without a server: everyone keeps the queue, stamps keep it the same.",
      .assumptions = {"Processes do not fail: one that is down stops all.",
                      "Messages are not lost, and those of one link arrive in order.",
                      "A holder gives the lock back."},
      .steps = {{"To ask, a process puts its request with its time into its queue and sends it to "
                 "all others.",
                 "Lamport 1978, rule 1"},
                {"Who gets a request puts it into its queue and answers with a later time.",
                 "Lamport 1978, rule 2"},
                {"A process has the lock when its request is the first of its queue and every "
                 "other has answered with a later time.",
                 "Lamport 1978, rule 5"},
                {"To give the lock back, a process takes its request out and tells all others.",
                 "Lamport 1978, rule 3"},
                {"Who hears of that takes the request out of its queue.", "Lamport 1978, rule 4"}},
      .parameters = {{"processes", 3, 9, 3, "", "processes p0, p1, …"},
                     {"requests", 0, 3, 3, "", "of p0, p1, p2, at times drawn from the seed"},
                     {"arbiter", 0, 1, 0, "", "who decides", {"everyone", "server"}},
                     {"start_p0", 0, 1000, 0, "", "what the clock of p0 begins with"},
                     {"start_p1", 0, 1000, 0, "", "what the clock of p1 begins with"},
                     {"start_p2", 0, 1000, 0, "", "what the clock of p2 begins with"}},
      .defaults = {{"fifo", "1"}},
      .properties = {{"mutual_exclusion", PropertyKind::safety,
                      "At most one process has the lock."},
                     {"order", PropertyKind::safety,
                      "A request that happened before another is granted before it."},
                     {"service", PropertyKind::liveness,
                      "Every request of a process that is up is granted."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
