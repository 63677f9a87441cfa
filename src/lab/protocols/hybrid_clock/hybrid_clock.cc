#include "lab/protocols/hybrid_clock/hybrid_clock.h"

#include "base/prng.h"
#include "lab/core/causality.h"
#include "protocol/clock/hybrid_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

using protocol::clock::HybridClock;
using protocol::clock::HybridStamp;

enum Step : int { local = 1, receive, refuse, restart };

// Clocks begin here, so that one that is behind still reads above zero.
constexpr std::int64_t kEpochMs = 1'000'000;
constexpr base::Duration kNoBound = base::Duration::seconds(1'000'000);

std::string text_of(HybridStamp stamp) {
  return fmt::format("{}.{}", stamp.physical_ms, stamp.logical);
}

HybridStamp kept_by(const Birth& birth) {
  const auto kept = birth.storage->find("last");
  if (kept == birth.storage->end()) {
    return {};
  }
  return {.physical_ms = kept->second.list().at(0).integer(),
          .logical = static_cast<std::uint32_t>(kept->second.list().at(1).integer())};
}

// Operations: event, send(to).
class Participant final : public Process {
 public:
  Participant(const Birth& birth, const Parameters& parameters)
      : is_hybrid_(parameters.text("clock") == "hybrid"),
        keeps_(parameters.text("memory") == "stable"),
        clock_(parameters.is_set("check_bound") ? parameters.milliseconds("bound") : kNoBound,
               kept_by(birth)) {}

  void step(const Event& event, Effects& effects) override {
    const base::WallTime wall = base::WallTime::from_milliseconds(
        kEpochMs + (event.now - base::Instant()).as_milliseconds());
    if (const auto* input = std::get_if<Input>(&event.body)) {
      effects.at(Step::local);
      const HybridStamp stamp = is_hybrid_ ? clock_.tick(wall) : read(wall);
      say(stamp, effects);
      if (input->kind == "send") {
        effects.send_after_durable(
            ProcessId{static_cast<std::uint32_t>(input->fields.integer("to"))}, "message",
            {{"physical", stamp.physical_ms}, {"logical", stamp.logical}});
      }
    } else if (std::holds_alternative<Started>(event.body) && clock_.last() != HybridStamp{}) {
      effects.at(Step::restart);
      effects.note("restart", "goes on above " + text_of(clock_.last()));
    } else if (const auto* received = std::get_if<Received>(&event.body)) {
      on_message(received->message->fields, wall, effects);
    }
  }

 private:
  static HybridStamp read(base::WallTime wall) {
    return {.physical_ms = wall.as_milliseconds(), .logical = 0};
  }

  void on_message(const Fields& fields, base::WallTime wall, Effects& effects) {
    const HybridStamp sent{.physical_ms = fields.integer("physical"),
                           .logical = static_cast<std::uint32_t>(fields.integer("logical"))};
    const auto stamp = is_hybrid_ ? clock_.receive(sent, wall) : read(wall);
    if (stamp.has_value()) {
      effects.at(Step::receive);
      say(*stamp, effects);
    } else {
      effects.at(Step::refuse);
      effects.note("refusal", stamp.error().context);
    }
  }

  void say(HybridStamp stamp, Effects& effects) const {
    if (keeps_) {
      effects.write("last", List{stamp.physical_ms, stamp.logical});
    }
    const std::string text = text_of(stamp);
    effects.show("clock", text);
    effects.output("stamp", {{"physical", stamp.physical_ms}, {"logical", stamp.logical}},
                   "an event at " + text);
  }

  bool is_hybrid_;
  bool keeps_;
  HybridClock clock_;
};

Operation send(std::int64_t ms, std::string from, int to) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(from),
          .kind = "send",
          .fields = {{"to", to}}};
}

Operation event(std::int64_t ms, std::string process) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(process),
          .kind = "event"};
}

// How far the wall clock of the i-th process is ahead, from 0.
std::int64_t ahead_ms(const Parameters& parameters, std::uint64_t i) {
  return i == 1 ? -parameters["behind_p2"] : i == 2 ? parameters["ahead_p3"] : 0;
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  for (std::uint64_t i = 0; i < 3; ++i) {
    setup.processes.push_back(
        {.name = fmt::format("p{}", i + 1),
         .role = "process",
         .make =
             [parameters](const Birth& birth) {
               return std::make_unique<Participant>(birth, parameters);
             },
         .clock = {.offset = base::Duration::milliseconds(ahead_ms(parameters, i))}});
  }
  base::Prng prng(context.seed);
  for (std::int64_t i = 1; i <= parameters["operations"]; ++i) {
    const std::int64_t from = prng.between(0, 2);
    const auto to = static_cast<int>((from + prng.between(1, 2)) % 3 + 1);
    setup.inputs.push_back(send(5 * i, fmt::format("p{}", from + 1), to));
  }
  return setup;
}

HybridStamp stamp_of(const RecordEvent& event) {
  return {.physical_ms = event.fields.integer("physical"),
          .logical = static_cast<std::uint32_t>(event.fields.integer("logical"))};
}

std::string named(const Record& record, const RecordEvent& event) {
  return fmt::format("{}.{} of {}", event.fields.integer("physical"),
                     event.fields.integer("logical"), record.name_of(event.process));
}

// How far the physical part is from the true time; both count whole milliseconds.
std::int64_t error_of(const RecordEvent& event) {
  return event.fields.integer("physical") - kEpochMs -
         (event.at - base::Instant()).as_milliseconds();
}

void check_nearness(const RunContext& context, const Record& record, const RecordEvent& event,
                    Judge& judge) {
  const std::int64_t bound = context.parameters["bound"];
  const std::int64_t own = ahead_ms(context.parameters, event.process.value() - 1);
  const std::int64_t error = error_of(event);
  if (std::abs(own) <= bound && std::abs(error) > bound) {
    judge.violated("nearness", {event.id},
                   fmt::format("{} is {} ms from the true time, and its wall clock only {} ms",
                               named(record, event), error, own));
  }
}

// Receptions that were given no stamp: the message was refused.
std::set<EventId> not_stamped(const Record& record, const std::vector<const RecordEvent*>& stamps) {
  std::set<EventId> receptions;
  for (const RecordEvent* each : events_of(record, EventKind::receive)) {
    receptions.insert(each->id);
  }
  for (const RecordEvent* each : stamps) {
    receptions.erase(each->cause);
  }
  return receptions;
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const auto events = outputs_of(record, "stamp");
  const Causality causality(record, not_stamped(record, events));
  std::map<ProcessId, const RecordEvent*> last;
  for (const RecordEvent* later : events) {
    check_nearness(context, record, *later, judge);
    const auto [mine, is_first] = last.emplace(later->process, later);
    if (!is_first && stamp_of(*mine->second) >= stamp_of(*later)) {
      judge.violated("rising", {mine->second->id, later->id},
                     fmt::format("{} was followed by {}", named(record, *mine->second),
                                 named(record, *later)));
    }
    mine->second = later;
    for (const RecordEvent* earlier : events) {
      if (earlier->process != later->process && causality.happened_before(earlier->id, later->id) &&
          stamp_of(*earlier) >= stamp_of(*later)) {
        judge.violated(
            "clock_condition", {earlier->id, later->id},
            fmt::format("{} happened before {}", named(record, *earlier), named(record, *later)));
      }
    }
  }
  std::vector<EventId> stamped;
  std::size_t owed = 0;
  for (const RecordMessage& message : record.messages) {
    const bool is_stamped = std::ranges::any_of(events, [&](const RecordEvent* each) {
      return each->cause == message.receive_event && !message.receive_event.is_none();
    });
    owed += is_stamped ? 0 : 1;
  }
  judge.eventually("acceptance", owed == 0, stamped,
                   fmt::format("{} of {} messages were not taken", owed, record.messages.size()));
}

void plot(const RunContext&, const Record& record, std::vector<Plot>& plots) {
  Plot plot{.name = "error",
            .title = "Physical part of the stamps against the true time",
            .x_label = "true time, ms",
            .y_label = "ahead, ms"};
  for (const Record::ProcessLine& process : record.processes) {
    plot.series.push_back({.name = process.name});
  }
  for (const RecordEvent* each : outputs_of(record, "stamp")) {
    const double at = static_cast<double>((each->at - base::Instant()).as_microseconds()) / 1000;
    plot.series.at(each->process.value() - 1)
        .points.emplace_back(at, static_cast<double>(error_of(*each)));
  }
  plots.push_back(std::move(plot));
}

const std::vector<Setting> kSteady{{"operations", "0"}, {"delay_min", "10"}, {"delay_max", "10"}};

std::vector<Setting> steady_with(std::vector<Setting> more) {
  more.insert(more.begin(), kSteady.begin(), kSteady.end());
  return more;
}

// p3 tells p1, p1 tells p2.
std::vector<Operation> chain() {
  return {send(10, "p3", 1), send(30, "p1", 2), event(50, "p2"), send(60, "p2", 1),
          event(90, "p1")};
}

// p2, whose clock is behind, hears from p1, crashes, and does something after its restart.
std::vector<Operation> around_a_crash() {
  return {send(10, "p1", 2), event(30, "p2"), event(80, "p2"), send(90, "p2", 3)};
}

std::vector<Scenario> scenarios() {
  return {{.name = "exchange",
           .kind = ScenarioKind::normal,
           .title = "Wall clocks 100 ms behind and 100 ms ahead: stamps in order, and near",
           .set = {{"behind_p2", "100"}, {"ahead_p3", "100"}}},
          {.name = "wall_clocks",
           .kind = ScenarioKind::famous_failure,
           .title = "Wall clocks alone: an effect is stamped before its cause",
           .set = steady_with({{"clock", "wall"}, {"behind_p2", "100"}, {"ahead_p3", "100"}}),
           .inputs = chain(),
           .expect = {{"clock_condition", Verdict::violated}}},
          {.name = "hybrid_clocks",
           .kind = ScenarioKind::famous_fix,
           .title = "The same clocks, hybrid stamps: cause before effect",
           .set = steady_with({{"behind_p2", "100"}, {"ahead_p3", "100"}}),
           .inputs = chain()},
          {.name = "rogue_clock",
           .kind = ScenarioKind::famous_failure,
           .title = "A clock one hour ahead, merged without a question, carries everybody away",
           .set = steady_with({{"ahead_p3", "3600000"}, {"check_bound", "0"}}),
           .inputs = chain(),
           .expect = {{"nearness", Verdict::violated}}},
          {.name = "rogue_refused",
           .kind = ScenarioKind::famous_fix,
           .title = "The same clock, but stamps beyond the bound are refused and not merged",
           .set = steady_with({{"ahead_p3", "3600000"}}),
           .inputs = chain(),
           .expect = {{"acceptance", Verdict::violated}}},
          {.name = "forgetful",
           .kind = ScenarioKind::famous_failure,
           .title = "A restart forgets the last stamp, the wall clock is behind: stamps go back",
           .set = steady_with({{"behind_p2", "200"}, {"memory", "volatile"}}),
           .inputs = around_a_crash(),
           .interventions = {"crash p2 at 40ms", "restart p2 at 60ms"},
           .expect = {{"rising", Verdict::violated}, {"clock_condition", Verdict::violated}}},
          {.name = "remembering",
           .kind = ScenarioKind::famous_fix,
           .title = "The same crash, the last stamp is on stable storage",
           .set = steady_with({{"behind_p2", "200"}}),
           .inputs = around_a_crash(),
           .interventions = {"crash p2 at 40ms", "restart p2 at 60ms"}}};
}

}  // namespace

const Declaration& hybrid_clock() {
  static const Declaration kDeclaration{
      .name = "hybrid_clock",
      .title = "Hybrid logical clock",
      .family = "time and order",
      .summary = "Stamps that respect causes like Lamport's and stay near the wall clock.",
      .assumptions =
          {"Wall clocks differ from the true time by no more than a bound; one that does not is "
           "kept out, not trusted.",
           "Processes crash and come back with what they had on stable storage.",
           "Messages may be lost, late and out of order."},
      .steps = {{"An event or a sending takes the wall clock if that is ahead of the last stamp, "
                 "else the last stamp with 1 more in its counter.",
                 "Kulkarni and others 2014, figure 5, send or local event"},
                {"A reception does the same with the larger of the last and the received stamp.",
                 "Kulkarni and others 2014, figure 5, receive event"},
                {"A received stamp that is ahead of the wall clock by more than the bound is "
                 "refused and not merged.",
                 "Kulkarni and others 2014, section 4.3"},
                {"A process keeps its last stamp on stable storage and begins above it.",
                 "Kulkarni and others 2014, section 4.3"}},
      .parameters = {{"operations", 0, 200, 24, "", "messages drawn from the seed"},
                     {"clock", 0, 1, 0, "", "what events are stamped with", {"hybrid", "wall"}},
                     {"behind_p2", 0, 900'000, 0, "ms", "so far is the wall clock of p2 behind"},
                     {"ahead_p3", 0, 10'000'000, 0, "ms", "so far is the wall clock of p3 ahead"},
                     {"bound", 1, 10'000, 250, "ms", "the largest difference that is believed"},
                     {"check_bound", 0, 1, 1, "", "refuse stamps beyond the bound"},
                     {"memory", 0, 1, 0, "", "of the last stamp", {"stable", "volatile"}}},
      .properties =
          {{"clock_condition", PropertyKind::safety,
            "An event that happened before one of another process has the smaller stamp."},
           {"rising", PropertyKind::safety, "The stamps of a process rise, over restarts too."},
           {"nearness", PropertyKind::safety,
            "A process whose wall clock is within the bound stamps within it."},
           {"acceptance", PropertyKind::liveness, "Every message is taken and stamped."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check,
      .plot = plot};
  return kDeclaration;
}

}  // namespace ostraka::lab
