#include "lab/protocols/lamport_clock/lamport_clock.h"

#include "base/prng.h"
#include "lab/core/causality.h"
#include "protocol/clock/lamport_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ostraka::lab {
namespace {

using protocol::clock::LamportClock;
using protocol::clock::LamportStamp;

enum Step : int { local = 1, send, receive, order };

// Operations: event(name), send(name, to, then): the reception is the event `then`.
class Participant final : public Process {
 public:
  Participant(ProcessId self, const Parameters& parameters)
      : self_(self),
        is_logical_(parameters.text("clock") == "logical"),
        breaks_ties_(parameters.text("ties") == "by_process") {}

  void step(const Event& event, Effects& effects) override {
    if (const auto* input = std::get_if<Input>(&event.body)) {
      const bool is_send = input->kind == "send";
      effects.at(is_send ? Step::send : Step::local);
      const std::int64_t time = is_logical_ ? number(clock_.tick()) : wall(event.now);
      stamp(input->fields.text("name"), time, effects);
      if (is_send) {
        effects.send(ProcessId{static_cast<std::uint32_t>(input->fields.integer("to"))}, "message",
                     {{"time", time}, {"then", input->fields.text("then")}});
      }
    } else if (const auto* received = std::get_if<Received>(&event.body)) {
      effects.at(Step::receive);
      const Fields& fields = received->message->fields;
      const std::int64_t sent = fields.integer("time");
      const std::int64_t time =
          is_logical_ ? number(clock_.receive(static_cast<std::uint64_t>(sent))) : wall(event.now);
      stamp(fields.text("then"), time, effects);
    }
  }

 private:
  static std::int64_t number(std::uint64_t time) { return static_cast<std::int64_t>(time); }
  static std::int64_t wall(base::Instant now) { return (now - base::Instant()).as_microseconds(); }

  void stamp(const std::string& name, std::int64_t time, Effects& effects) const {
    const std::int64_t process = breaks_ties_ ? self_.value() : 0;
    effects.show("clock", time);
    effects.output("event", {{"name", name}, {"time", time}, {"process", process}},
                   breaks_ties_ ? fmt::format("event {} at [{}:{}]", name, time, process)
                                : fmt::format("event {} at [{}]", name, time));
  }

  ProcessId self_;
  bool is_logical_;
  bool breaks_ties_;
  LamportClock clock_;
};

Operation at(std::int64_t ms, std::string process, std::string kind, Fields fields) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(process),
          .kind = std::move(kind),
          .fields = std::move(fields)};
}

// Events and messages drawn from the seed; a reception has the name of its sending with an r.
std::vector<Operation> drawn(const RunContext& context, std::int64_t processes) {
  base::Prng prng(context.seed);
  std::vector<Operation> all;
  for (std::int64_t i = 1; i <= context.parameters["operations"]; ++i) {
    const std::int64_t from = prng.between(1, processes);
    const std::int64_t hop = prng.between(1, processes - 1);
    const bool is_send = prng.chance(2, 3);
    Fields fields{{"name", fmt::format("e{}", i)}};
    if (is_send) {
      fields.set("to", (from + hop - 1) % processes + 1);
      fields.set("then", fmt::format("r{}", i));
    }
    all.push_back(at(5 * i, fmt::format("p{}", from), is_send ? "send" : "event", fields));
  }
  return all;
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  for (std::int64_t i = 1; i <= parameters["processes"]; ++i) {
    const std::int64_t behind = i == 2 ? parameters["behind"] : 0;
    setup.processes.push_back(
        {.name = fmt::format("p{}", i),
         .role = "process",
         .make =
             [parameters](const Birth& birth) {
               return std::make_unique<Participant>(birth.self, parameters);
             },
         .clock = {.offset = base::Duration() - base::Duration::milliseconds(behind)}});
  }
  setup.inputs = drawn(context, parameters["processes"]);
  return setup;
}

LamportStamp stamp_of(const RecordEvent& event) {
  // Wall clocks may read below zero; a shift keeps their order.
  constexpr std::int64_t kShift = std::int64_t{1} << 40;
  return {.time = static_cast<std::uint64_t>(event.fields.integer("time") + kShift),
          .process = static_cast<std::uint64_t>(event.fields.integer("process"))};
}

std::string named(const Record& record, const RecordEvent& event) {
  return fmt::format("{} of {} at {}", event.fields.text("name"), record.name_of(event.process),
                     event.fields.integer("time"));
}

void check(const RunContext&, const Record& record, Judge& judge) {
  const Causality causality(record);
  const auto events = outputs_of(record, "event");
  for (std::size_t i = 0; i < events.size(); ++i) {
    for (std::size_t j = i + 1; j < events.size(); ++j) {
      const RecordEvent& first = *events[i];
      const RecordEvent& second = *events[j];
      if (causality.happened_before(first.id, second.id) &&
          first.fields.integer("time") >= second.fields.integer("time")) {
        judge.violated(
            "clock_condition", {first.id, second.id},
            fmt::format("{} happened before {}", named(record, first), named(record, second)));
      }
      if (stamp_of(first) == stamp_of(second)) {
        judge.violated(
            "total_order", {first.id, second.id},
            fmt::format("nothing orders {} and {}", named(record, first), named(record, second)));
      }
    }
  }
  std::size_t received = 0;
  std::vector<EventId> ids;
  for (const RecordEvent* event : events) {
    received += record.event(event->cause).kind == EventKind::receive ? 1 : 0;
    ids.push_back(event->id);
  }
  std::size_t sent = 0;
  for (const RecordEvent* event : events_of(record, EventKind::input, "send")) {
    sent += event->sent.empty() ? 0 : 1;
  }
  judge.eventually("stamping", received >= sent, {},
                   fmt::format("{} of {} messages were received and stamped", received, sent));
}

// A has a, b, e and B has f, c, d; b sends what c receives.
std::vector<Operation> worked_example() {
  return {at(10, "p1", "event", {{"name", "a"}}), at(15, "p2", "event", {{"name", "f"}}),
          at(20, "p1", "send", {{"name", "b"}, {"to", 2}, {"then", "c"}}),
          at(25, "p1", "event", {{"name", "e"}}), at(50, "p2", "event", {{"name", "d"}})};
}

const std::vector<Setting> kExample{
    {"processes", "2"}, {"operations", "0"}, {"delay_min", "10"}, {"delay_max", "10"}};

std::vector<Setting> example_with(std::vector<Setting> more) {
  more.insert(more.begin(), kExample.begin(), kExample.end());
  return more;
}

std::vector<Scenario> scenarios() {
  return {{.name = "exchange",
           .kind = ScenarioKind::normal,
           .title = "Three processes, events and messages as they come: every stamp fits"},
          {.name = "worked_example",
           .kind = ScenarioKind::normal,
           .title = "Six events of two processes: a, f, b, e, c, d is their total order",
           .set = kExample,
           .inputs = worked_example()},
          {.name = "wall_clocks",
           .kind = ScenarioKind::famous_failure,
           .title = "Wall clocks 30 ms apart: c receives before b has sent",
           .set = example_with({{"clock", "wall"}, {"behind", "30"}}),
           .inputs = worked_example(),
           .expect = {{"clock_condition", Verdict::violated}}},
          {.name = "logical_clocks",
           .kind = ScenarioKind::famous_fix,
           .title = "The same with logical clocks: how wrong the wall clocks are does not matter",
           .set = example_with({{"behind", "30"}}),
           .inputs = worked_example()},
          {.name = "ties",
           .kind = ScenarioKind::famous_failure,
           .title = "Times alone: a and f are both at 1, and nothing orders them",
           .set = example_with({{"ties", "none"}}),
           .inputs = worked_example(),
           .expect = {{"total_order", Verdict::violated}}}};
}

}  // namespace

const Declaration& lamport_clock() {
  static const Declaration kDeclaration{
      .name = "lamport_clock",
      .title = "Lamport clocks and total order",
      .family = "time and order",
      .summary = "A counter in every message: causes get smaller stamps than their effects.",
      .assumptions = {"Processes do not fail; messages arrive, late and in any order.",
                      "Nothing is assumed of wall clocks."},
      .steps = {{"An event of a process advances its clock.", "Lamport 1978, rule IR1"},
                {"A message carries the time of its sending, which is an event.",
                 "Lamport 1978, rule IR2 (a)"},
                {"The reception sets the clock above both its own time and the message's.",
                 "Lamport 1978, rule IR2 (b)"},
                {"Events are ordered by time, those of one time by process.",
                 "Lamport 1978, definition of the relation =>"}},
      .parameters =
          {{"processes", 2, 9, 3, "", "processes p1, p2, …"},
           {"operations", 0, 200, 24, "", "events and messages drawn from the seed"},
           {"clock", 0, 1, 0, "", "what events are stamped with", {"logical", "wall"}},
           {"ties", 0, 1, 0, "", "what orders events of one time", {"by_process", "none"}},
           {"behind", 0, 1000, 0, "ms", "so far is the wall clock of p2 behind"}},
      .properties = {{"clock_condition", PropertyKind::safety,
                      "An event that happened before another has the smaller time."},
                     {"total_order", PropertyKind::safety,
                      "Any two events are ordered by their stamps."},
                     {"stamping", PropertyKind::liveness,
                      "Every message is received and stamped."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
