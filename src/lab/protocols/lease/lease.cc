#include "lab/protocols/lease/lease.h"

#include "base/prng.h"
#include "lab/protocols/lease/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

Operation work(std::int64_t ms, std::string holder) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(holder),
          .kind = "work"};
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  setup.processes.push_back({"issuer", "issuer", [parameters](const Birth& birth) {
                               return std::make_unique<lease_roles::Issuer>(birth, parameters);
                             }});
  setup.processes.push_back({"store", "store", [parameters](const Birth& birth) {
                               return std::make_unique<lease_roles::Store>(birth, parameters);
                             }});
  base::Prng prng(context.seed);
  for (std::int64_t i = 1; i <= parameters["holders"]; ++i) {
    setup.processes.push_back(
        {.name = fmt::format("h{}", i),
         .role = "holder",
         .make = [parameters](
                     const Birth&) { return std::make_unique<lease_roles::Holder>(parameters); },
         .clock = {.rate_ppm = i == 1 ? -10'000 * parameters["slow_h1"] : 0}});
    if (parameters.is_set("all_work")) {
      setup.inputs.push_back(work(prng.between(0, 100), fmt::format("h{}", i)));
    }
  }
  return setup;
}

// Who believes in a lease, through the events of a run. A paused process believes nothing; as it
// wakes up it may look at its clock before that counts.
void check_holders(const Record& record, Judge& judge) {
  std::map<ProcessId, EventId> holding;
  std::map<ProcessId, EventId> paused;
  const auto enter = [&](ProcessId process, EventId since, EventId now) {
    for (const auto& [other, theirs] : holding) {
      judge.violated("one_holder", {theirs, since, now},
                     fmt::format("{} and {} both hold the lease at {:.3f} ms",
                                 record.name_of(other), record.name_of(process),
                                 static_cast<double>(
                                     (record.event(now).at - base::Instant()).as_microseconds()) /
                                     1000));
    }
    holding[process] = since;
  };
  std::map<ProcessId, std::pair<EventId, EventId>> waking;  // the hold, the resume
  for (const RecordEvent& event : record.events) {
    for (auto it = waking.begin(); it != waking.end();) {
      if (event.at > record.event(it->second.second).at) {
        enter(it->first, it->second.first, it->second.second);
        it = waking.erase(it);
      } else {
        ++it;
      }
    }
    const bool is_output = event.kind == EventKind::output;
    if (is_output && event.topic == "hold") {
      enter(event.process, event.id, event.id);
    } else if (event.kind == EventKind::crash || (is_output && event.topic == "lapse")) {
      holding.erase(event.process);
      paused.erase(event.process);
      waking.erase(event.process);
    } else if (event.kind == EventKind::pause && holding.contains(event.process)) {
      paused[event.process] = holding[event.process];
      holding.erase(event.process);
    } else if (event.kind == EventKind::resume && paused.contains(event.process)) {
      waking[event.process] = {paused[event.process], event.id};
      paused.erase(event.process);
    }
  }
}

void check(const RunContext&, const Record& record, Judge& judge) {
  check_holders(record, judge);
  const RecordEvent* newest = nullptr;
  for (const RecordEvent* each : outputs_of(record, "accepted")) {
    if (newest != nullptr && each->fields.integer("token") < newest->fields.integer("token")) {
      judge.violated("no_stale_write", {newest->id, each->id},
                     fmt::format("a write with token {} is taken after one with token {}",
                                 each->fields.integer("token"), newest->fields.integer("token")));
    } else {
      newest = each;
    }
  }
  std::set<ProcessId> waiting;
  for (const RecordEvent* each : events_of(record, EventKind::input, "work")) {
    if (is_up_at_end(record, each->process)) {
      waiting.insert(each->process);
    }
  }
  std::vector<EventId> held;
  for (const RecordEvent* each : outputs_of(record, "hold")) {
    waiting.erase(each->process);
    held.push_back(each->id);
  }
  judge.eventually(
      "service", waiting.empty(), held,
      fmt::format("{} leases were held, {} holders wait", held.size(), waiting.size()));
}

std::vector<Setting> two_with(std::vector<Setting> more) {
  more.insert(more.end(),
              {{"holders", "2"}, {"all_work", "0"}, {"delay_min", "10"}, {"delay_max", "10"}});
  return more;
}

std::vector<Operation> both() { return {work(0, "h1"), work(5, "h2")}; }

std::vector<Scenario> scenarios() {
  return {{.name = "turns",
           .kind = ScenarioKind::normal,
           .title = "Three holders want the lease and have it in turn"},
          {.name = "slow_clock",
           .kind = ScenarioKind::famous_failure,
           .title = "A holder's clock is 20 % slow, the bound says 1 %: two holders",
           .set = two_with({{"slow_h1", "20"}}),
           .inputs = both(),
           .expect = {{"one_holder", Verdict::violated}}},
          {.name = "right_bound",
           .kind = ScenarioKind::famous_fix,
           .title = "The same clock with a bound of 25 %: the holder stops in time",
           .set = two_with({{"slow_h1", "20"}, {"bound", "25"}}),
           .inputs = both()},
          {.name = "from_receipt",
           .kind = ScenarioKind::famous_failure,
           .title = "The holder counts from the grant's arrival, which was late: two holders",
           .set = two_with({{"count_from", "receipt"}}),
           .inputs = both(),
           .interventions = {"delay issuer.h1.grant.1 100ms"},
           .expect = {{"one_holder", Verdict::violated}}},
          {.name = "from_send",
           .kind = ScenarioKind::famous_fix,
           .title = "The same delay, counted from when the request was sent",
           .set = two_with({}),
           .inputs = both(),
           .interventions = {"delay issuer.h1.grant.1 100ms"}},
          {.name = "late_write",
           .kind = ScenarioKind::famous_failure,
           .title = "Good clocks, but a write is under way for longer than its lease lasts",
           .set = two_with({{"fencing", "0"}}),
           .inputs = both(),
           .interventions = {"delay h1.store.write.5 300ms"},
           .expect = {{"no_stale_write", Verdict::violated}}},
          {.name = "fencing",
           .kind = ScenarioKind::famous_fix,
           .title = "The same late write: the store has seen a higher token and refuses it",
           .set = two_with({}),
           .inputs = both(),
           .interventions = {"delay h1.store.write.5 300ms"}},
          {.name = "pause",
           .kind = ScenarioKind::normal,
           .title = "A holder is frozen for longer than its lease, and looks at its clock first",
           .set = two_with({}),
           .inputs = both(),
           .interventions = {"pause h1 at 100ms for 300ms"}},
          {.name = "issuer_restarts",
           .kind = ScenarioKind::normal,
           .title = "The issuer crashes: its promise is on stable storage and holds",
           .set = two_with({}),
           .inputs = both(),
           .interventions = {"crash issuer at 60ms", "restart issuer at 90ms"}}};
}

}  // namespace

const Declaration& lease() {
  static const Declaration kDeclaration{
      .name = "lease",
      .title = "Leases, clock error and fencing",
      .family = "time and order",
      .summary = "A lock that ends by itself, safe as long as two clocks run nearly alike.",
      .assumptions =
          {"Clocks need not agree, but run alike: their rates differ by no more than the "
           "bound.",
           "Processes may crash and pause; messages may be lost and late.",
           "The issuer keeps its promises on stable storage."},
      .steps = {{"A holder notes its clock and asks for the lease.",
                 "Gray and Cheriton 1989, section 2"},
                {"The issuer grants it if no lease is running by its own clock, promises it to "
                 "nobody else for its length, and numbers it with a rising token.",
                 "Gray and Cheriton 1989, section 2; Burrows 2006, section 2.4"},
                {"The holder has it from the grant until the length, less the bound, has gone by "
                 "since it asked, by its own clock; then it stops by itself.",
                 "Gray and Cheriton 1989, section 5"},
                {"What it does meanwhile carries the token.", "Burrows 2006, section 2.4"},
                {"Whoever is written to refuses a token below the highest seen.",
                 "Burrows 2006, section 2.4"}},
      .parameters =
          {{"holders", 1, 6, 3, "", "processes h1, h2, …"},
           {"all_work", 0, 1, 1, "", "every holder wants the lease, at a time of the seed"},
           {"length", 20, 10'000, 200, "ms", "of a lease"},
           {"bound", 0, 90, 1, "%", "how different the rates of two clocks may be"},
           {"slow_h1", 0, 90, 0, "%", "how slow the clock of h1 really is"},
           {"count_from", 0, 1, 0, "", "where the holder's time begins", {"send", "receipt"}},
           {"fencing", 0, 1, 1, "", "the store refuses old tokens"},
           {"retry", 5, 10'000, 20, "ms", "from a denial to the next request"},
           {"write_every", 5, 10'000, 30, "ms", "between a holder's writes"}},
      .properties = {{"one_holder", PropertyKind::safety,
                      "At no true time do two processes hold the lease."},
                     {"no_stale_write", PropertyKind::safety,
                      "The store takes no write of an older lease after one of a newer."},
                     {"service", PropertyKind::liveness,
                      "Whoever wants the lease and is up has it once."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
