#include "lab/protocols/vector_clock/vector_clock.h"

#include "base/prng.h"
#include "lab/core/causality.h"
#include "protocol/clock/version_vector.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::lab {
namespace {

using protocol::clock::ActorId;
using protocol::clock::Causality;
using protocol::clock::VersionVector;

enum Step : int { local = 1, send, receive };

List list_of(const VersionVector& vector, std::int64_t components) {
  List list;
  for (std::int64_t i = 1; i <= components; ++i) {
    list.emplace_back(vector[ActorId{static_cast<std::uint64_t>(i)}]);
  }
  return list;
}

VersionVector vector_of(const List& list) {
  VersionVector vector;
  for (std::size_t i = 0; i < list.size(); ++i) {
    vector.set(ActorId{i + 1}, static_cast<std::uint64_t>(list[i].integer()));
  }
  return vector;
}

std::int64_t components_of(const Parameters& parameters) {
  const std::int64_t wanted = parameters["components"];
  return wanted == 0 ? parameters["processes"] : wanted;
}

// Operations: event(name), send(name, to, then): the reception is the event `then`.
class Participant final : public Process {
 public:
  Participant(ProcessId self, const Parameters& parameters)
      : components_(components_of(parameters)),
        merges_(parameters.text("reception") == "merges"),
        mine_(1 + (self.value() - 1) % static_cast<std::uint64_t>(components_)) {}

  void step(const Event& event, Effects& effects) override {
    if (const auto* input = std::get_if<Input>(&event.body)) {
      const bool is_send = input->kind == "send";
      effects.at(is_send ? Step::send : Step::local);
      happen(input->fields.text("name"), effects);
      if (is_send) {
        effects.send(
            ProcessId{static_cast<std::uint32_t>(input->fields.integer("to"))}, "message",
            {{"stamp", list_of(known_, components_)}, {"then", input->fields.text("then")}});
      }
    } else if (const auto* received = std::get_if<Received>(&event.body)) {
      effects.at(Step::receive);
      if (merges_) {
        known_.merge(vector_of(received->message->fields.list("stamp")));
      }
      happen(received->message->fields.text("then"), effects);
    }
  }

 private:
  void happen(const std::string& name, Effects& effects) {
    known_.advance(mine_);
    const Value stamp = list_of(known_, components_);
    effects.show("clock", stamp.render());
    effects.output("event", {{"name", name}, {"stamp", stamp}},
                   fmt::format("event {} at {}", name, stamp.render()));
  }

  std::int64_t components_;
  bool merges_;
  ActorId mine_;  // the component that its events count in
  VersionVector known_;
};

Operation at(std::int64_t ms, std::int64_t process, std::string name, std::int64_t to = 0) {
  Operation made{.at = base::Instant() + base::Duration::milliseconds(ms),
                 .process = fmt::format("p{}", process),
                 .kind = to == 0 ? "event" : "send",
                 .fields = {{"name", name}}};
  if (to != 0) {
    made.fields.set("to", to);
    made.fields.set("then", name + "r");
  }
  return made;
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  const std::int64_t processes = parameters["processes"];
  Setup setup;
  for (std::int64_t i = 1; i <= processes; ++i) {
    setup.processes.push_back({.name = fmt::format("p{}", i),
                               .role = "process",
                               .make = [parameters](const Birth& birth) {
                                 return std::make_unique<Participant>(birth.self, parameters);
                               }});
  }
  base::Prng prng(context.seed);
  for (std::int64_t i = 1; i <= parameters["operations"]; ++i) {
    const std::int64_t from = prng.between(1, processes);
    const std::int64_t hop = prng.between(1, processes - 1);
    const bool is_send = prng.chance(2, 3);
    setup.inputs.push_back(
        at(5 * i, from, fmt::format("e{}", i), is_send ? (from + hop - 1) % processes + 1 : 0));
  }
  return setup;
}

std::string named(const Record& record, const RecordEvent& event) {
  return fmt::format("{} of {} at {}", event.fields.text("name"), record.name_of(event.process),
                     event.fields["stamp"].render());
}

void check_pair(const Record& record, const lab::Causality& causality, const RecordEvent& a,
                const RecordEvent& b, Judge& judge) {
  const Causality stamps =
      vector_of(a.fields.list("stamp")).compare(vector_of(b.fields.list("stamp")));
  const bool is_cause = causality.happened_before(a.id, b.id);
  if (is_cause && stamps != Causality::before) {
    judge.violated("clock_condition", {a.id, b.id},
                   fmt::format("{} happened before {}", named(record, a), named(record, b)));
  }
  if (!is_cause && stamps == Causality::before) {
    judge.violated(
        "strong_condition", {a.id, b.id},
        fmt::format("{} seems to be before {}, and is not", named(record, a), named(record, b)));
  }
}

void check(const RunContext&, const Record& record, Judge& judge) {
  const lab::Causality causality(record);
  const auto events = outputs_of(record, "event");
  std::size_t received = 0;
  for (const RecordEvent* a : events) {
    received += record.event(a->cause).kind == EventKind::receive ? 1 : 0;
    for (const RecordEvent* b : events) {
      if (a != b) {
        check_pair(record, causality, *a, *b, judge);
      }
    }
  }
  std::size_t sent = 0;
  for (const RecordEvent* event : events_of(record, EventKind::input, "send")) {
    sent += event->sent.empty() ? 0 : 1;
  }
  judge.eventually("stamping", received >= sent, {},
                   fmt::format("{} of {} messages were received and stamped", received, sent));
}

// p1 tells p2, p2 tells p3; meanwhile p3 and p1 do something of their own.
std::vector<Operation> chain() {
  return {at(10, 1, "a", 2), at(15, 3, "x"), at(25, 1, "b"), at(40, 2, "c", 3), at(70, 3, "d")};
}

std::vector<Setting> steady_with(std::vector<Setting> more) {
  more.insert(more.end(), {{"operations", "0"}, {"delay_min", "10"}, {"delay_max", "10"}});
  return more;
}

std::vector<Scenario> scenarios() {
  return {
      {.name = "exchange",
       .kind = ScenarioKind::normal,
       .title = "Three processes, events and messages as they come: every stamp tells the truth"},
      {.name = "chain",
       .kind = ScenarioKind::normal,
       .title = "A chain of two messages beside two events that are concurrent with it",
       .set = steady_with({}),
       .inputs = chain()},
      {.name = "one_component",
       .kind = ScenarioKind::famous_failure,
       .title = "One number for all (Lamport's clock): what is concurrent looks ordered",
       .set = steady_with({{"components", "1"}}),
       .inputs = chain(),
       .expect = {{"strong_condition", Verdict::violated}}},
      {.name = "two_for_three",
       .kind = ScenarioKind::famous_failure,
       .title = "Two components for three processes, p1 and p3 share one: not enough either",
       .set = steady_with({{"components", "2"}}),
       .inputs = chain(),
       .expect = {{"strong_condition", Verdict::violated}}},
      {.name = "one_each",
       .kind = ScenarioKind::famous_fix,
       .title = "A component for each process: before, after and concurrent are told apart",
       .set = steady_with({{"components", "3"}}),
       .inputs = chain()},
      {.name = "no_merge",
       .kind = ScenarioKind::famous_failure,
       .title = "A reception that does not merge: cause and effect look concurrent",
       .set = steady_with({{"reception", "ignores"}}),
       .inputs = chain(),
       .expect = {{"clock_condition", Verdict::violated}}}};
}

}  // namespace

const Declaration& vector_clock() {
  static const Declaration kDeclaration{
      .name = "vector_clock",
      .title = "Vector clocks",
      .family = "time and order",
      .summary = "A count for each process in every message tells cause from coincidence.",
      .assumptions = {"The processes are known from the beginning and do not fail.",
                      "Messages arrive some time, in any order."},
      .steps = {{"An event of a process advances its own component.", "Mattern 1989, section 4"},
                {"A message carries the whole vector of its sending, which is an event.",
                 "Mattern 1989, section 4; Fidge 1988, rule 4"},
                {"The reception takes the maximum of each component, then advances its own.",
                 "Mattern 1989, section 4; Fidge 1988, rule 5"}},
      .parameters = {{"processes", 2, 9, 3, "", "processes p1, p2, …"},
                     {"operations", 0, 100, 24, "", "events and messages drawn from the seed"},
                     {"components", 0, 9, 0, "",
                      "of a stamp; with fewer than processes, some share one; 0: as many"},
                     {"reception", 0, 1, 0, "", "of a message's stamp", {"merges", "ignores"}}},
      .properties = {{"clock_condition", PropertyKind::safety,
                      "An event that happened before another has the smaller vector."},
                     {"strong_condition", PropertyKind::safety,
                      "An event with a smaller vector than another happened before it."},
                     {"stamping", PropertyKind::liveness,
                      "Every message is received and stamped."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
