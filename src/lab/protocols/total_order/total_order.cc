#include "lab/protocols/total_order/total_order.h"

#include "base/prng.h"
#include "lab/protocols/total_order/member.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

Operation say(std::int64_t ms, std::string process, std::string value) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(process),
          .kind = "broadcast",
          .fields = {{"value", std::move(value)}}};
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  for (std::int64_t i = 1; i <= parameters["members"]; ++i) {
    setup.processes.push_back(
        {fmt::format("p{}", i), i == 1 ? "sequencer" : "member", [parameters](const Birth& birth) {
           return std::make_unique<ordered::Member>(birth, parameters);
         }});
  }
  base::Prng prng(context.seed);
  for (std::int64_t i = 1; i <= parameters["operations"]; ++i) {
    setup.inputs.push_back(say(5 * i, fmt::format("p{}", prng.between(1, parameters["members"])),
                               fmt::format("m{}", i)));
  }
  return setup;
}

using Deliveries = std::vector<const RecordEvent*>;

const std::string& value_of(const RecordEvent& event) { return event.fields.text("value"); }

// One of two sequences is a prefix of the other.
void check_pair(const Record& record, const Deliveries& one, const Deliveries& other,
                Judge& judge) {
  const auto [a, b] = std::ranges::mismatch(
      one, other, [](const auto* x, const auto* y) { return value_of(*x) == value_of(*y); });
  if (a != one.end() && b != other.end()) {
    judge.violated("total_order", {(*a)->id, (*b)->id},
                   fmt::format("after {} messages in the same order {} delivers {} and {} {}",
                               a - one.begin(), record.name_of((*a)->process), value_of(**a),
                               record.name_of((*b)->process), value_of(**b)));
  }
}

void check_messages(const Record& record, Judge& judge) {
  std::set<std::string> sent;
  std::set<std::pair<ProcessId, std::string>> taken;
  for (const RecordEvent& event : record.events) {
    if (event.kind != EventKind::output) {
      continue;
    }
    if (event.topic == "broadcast") {
      sent.insert(value_of(event));
      continue;
    }
    if (!sent.contains(value_of(event))) {
      judge.violated("no_creation", {event.id},
                     fmt::format("{} was not broadcast", value_of(event)));
    }
    if (!taken.emplace(event.process, value_of(event)).second) {
      judge.violated(
          "no_duplicate", {event.id},
          fmt::format("{} delivers {} twice", record.name_of(event.process), value_of(event)));
    }
  }
}

void check(const RunContext&, const Record& record, Judge& judge) {
  check_messages(record, judge);
  std::map<ProcessId, Deliveries> sequences;
  for (const RecordEvent* each : outputs_of(record, "deliver")) {
    sequences[each->process].push_back(each);
  }
  for (const auto& [one, first] : sequences) {
    for (const auto& [other, second] : sequences) {
      if (one < other) {
        check_pair(record, first, second, judge);
      }
    }
  }
  // Owed: what a member that never crashed has broadcast, to everybody who is up in the end.
  std::set<ProcessId> crashed;
  for (const RecordEvent* event : events_of(record, EventKind::crash)) {
    crashed.insert(event->process);
  }
  std::size_t owed = 0;
  std::string example;
  for (const RecordEvent* sent : outputs_of(record, "broadcast")) {
    for (std::uint32_t i = 1; i <= record.processes.size(); ++i) {
      const ProcessId process{i};
      const bool has_it = std::ranges::any_of(sequences[process], [sent](const auto* each) {
        return value_of(*each) == value_of(*sent);
      });
      if (!crashed.contains(sent->process) && !has_it && is_up_at_end(record, process)) {
        ++owed;
        example = fmt::format("; {} lacks {}", record.name_of(process), value_of(*sent));
      }
    }
  }
  judge.eventually("delivery", owed == 0, {},
                   fmt::format("{} deliveries are owed{}", owed, example));
}

std::vector<Setting> steady_with(std::vector<Setting> more) {
  more.insert(more.end(), {{"operations", "0"}, {"delay_min", "10"}, {"delay_max", "10"}});
  return more;
}

std::vector<Operation> at_once() { return {say(0, "p2", "red"), say(0, "p3", "blue")}; }
std::vector<Operation> four() {
  return {say(0, "p2", "one"), say(50, "p2", "two"), say(150, "p2", "three"),
          say(200, "p2", "four")};
}
const std::vector<std::string_view> kMemberAway{"crash p3 at 40ms", "restart p3 at 100ms"};
const std::vector<std::string_view> kSequencerAway{"crash p1 at 100ms", "restart p1 at 120ms"};

std::vector<Scenario> scenarios() {
  return {{.name = "exchange",
           .kind = ScenarioKind::normal,
           .title = "Three members broadcast as it comes, all deliver in one order"},
          {.name = "arrival",
           .kind = ScenarioKind::famous_failure,
           .title = "Without a sequencer: two broadcast at once, and each delivers its own first",
           .set = steady_with({{"order", "arrival"}}),
           .inputs = at_once(),
           .expect = {{"total_order", Verdict::violated}}},
          {.name = "sequencer",
           .kind = ScenarioKind::famous_fix,
           .title = "The same with a sequencer: it decides which one is first",
           .set = steady_with({}),
           .inputs = at_once()},
          {.name = "rejoin_anywhere",
           .kind = ScenarioKind::famous_failure,
           .title = "A member comes back and goes on with what comes next: a gap",
           .set = steady_with({{"rejoin", "skip"}}),
           .inputs = four(),
           .interventions = kMemberAway,
           .expect = {{"total_order", Verdict::violated}, {"delivery", Verdict::violated}}},
          {.name = "rejoin",
           .kind = ScenarioKind::famous_fix,
           .title = "It asks for what follows the last message that it has delivered",
           .set = steady_with({}),
           .inputs = four(),
           .interventions = kMemberAway},
          {.name = "forgetful_sequencer",
           .kind = ScenarioKind::famous_failure,
           .title = "The sequencer forgets its numbers in a crash and gives them out again",
           .set = steady_with({{"memory", "volatile"}}),
           .inputs = {say(0, "p2", "one"), say(150, "p2", "two"), say(200, "p2", "three")},
           .interventions = kSequencerAway,
           .expect = {{"total_order", Verdict::violated}, {"delivery", Verdict::violated}}},
          {.name = "remembering_sequencer",
           .kind = ScenarioKind::famous_fix,
           .title = "The same crash, the order is on stable storage",
           .set = steady_with({}),
           .inputs = {say(0, "p2", "one"), say(150, "p2", "two"), say(200, "p2", "three")},
           .interventions = kSequencerAway},
          {.name = "sequencer_down",
           .kind = ScenarioKind::famous_failure,
           .title = "The sequencer stays away: nothing is delivered, until there is consensus",
           .set = steady_with({{"time_limit", "1000"}}),
           .inputs = four(),
           .interventions = {"crash p1 at 30ms"},
           .expect = {{"delivery", Verdict::open}}}};
}

}  // namespace

const Declaration& total_order() {
  static const Declaration kDeclaration{
      .name = "total_order",
      .title = "Total order broadcast",
      .family = "broadcast",
      .summary = "All deliver the same messages in the same order; who was away catches up.",
      .assumptions = {"Members crash and come back with what they had on stable storage.",
                      "Messages may be lost and late; the last one may stay unnoticed until the "
                      "next.",
                      "The sequencer comes back: there is no other."},
      .steps = {{"A member sends its message to the sequencer, again and again until it sees it in "
                 "the order.",
                 "Defago, Schiper and Urban 2004, section 4.1"},
                {"The sequencer gives it the next number, writes that down and tells all.",
                 "Defago, Schiper and Urban 2004, section 4.1"},
                {"A member delivers number n + 1 after n, and counts on stable storage.",
                 "Defago, Schiper and Urban 2004, section 4.1"},
                {"Who sees a gap asks the sequencer for what it misses.",
                 "Defago, Schiper and Urban 2004, section 4.1"},
                {"A member that comes back asks for what follows the last that it has delivered.",
                 "Hadzilacos and Toueg 1994, section 6 (atomic broadcast)"}},
      .parameters =
          {{"members", 2, 8, 3, "", "processes p1, p2, …; p1 is the sequencer"},
           {"operations", 0, 60, 10, "", "broadcasts drawn from the seed"},
           {"order", 0, 1, 0, "", "of delivery", {"sequencer", "arrival"}},
           {"rejoin", 0, 1, 0, "", "what a member does as it comes back", {"replay", "skip"}},
           {"memory", 0, 1, 0, "", "of the sequencer", {"stable", "volatile"}},
           {"retry", 5, 10'000, 100, "ms", "between submissions of one message"}},
      .properties =
          {{"total_order", PropertyKind::safety,
            "Of what two members have delivered, over all their lives, one is a prefix of the "
            "other."},
           {"no_creation", PropertyKind::safety, "Only what was broadcast is delivered."},
           {"no_duplicate", PropertyKind::safety, "Nobody delivers a message twice."},
           {"delivery", PropertyKind::liveness,
            "What a member that never crashed broadcasts, everybody who is up delivers."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
