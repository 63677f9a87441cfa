// How a protocol enters the laboratory: one value with its texts, parameters, properties and
// scenarios, and two functions. src/lab/README.md shows a whole one.
//
// Threads: values; functions are pure.
#pragma once

#include "base/assert.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "lab/core/record.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostraka::lab {

// A process's clock reads offset + rate * true time.
struct ClockModel {
  base::Duration offset = {};
  std::int64_t rate_ppm = 0;  // 10,000 = one per cent fast
};

struct ProcessSpec {
  std::string name = {};  // [a-z][a-z0-9_]*, unique
  std::string role = {};  // "acceptor", "coordinator"
  ProcessFactory make;
  ClockModel clock = {};
};

// An operation that a client asks of a process.
struct Operation {
  base::Instant at = {};
  std::string process = {};
  std::string kind = {};
  Fields fields = {};
};

// A run's cast.
struct Setup {
  std::vector<ProcessSpec> processes = {};
  std::vector<Operation> inputs = {};  // those that follow from parameters; beside the scenario's
};

// One more process, made as P(birth, parameters).
template <typename P>
void add_process(Setup& setup, std::string_view name, std::string_view role,
                 const Parameters& parameters) {
  setup.processes.push_back({.name = std::string(name),
                             .role = std::string(role),
                             .make = [parameters](const Birth& birth) {
                               return std::make_unique<P>(birth, parameters);
                             }});
}
// `count` of them: NAME1, NAME2, …
template <typename P>
void add_processes(Setup& setup, std::string_view name, std::string_view role, std::int64_t count,
                   const Parameters& parameters) {
  for (std::int64_t i = 1; i <= count; ++i) {
    add_process<P>(setup, std::string(name) + std::to_string(i), role, parameters);
  }
}

// What a Declaration's functions are told.
struct RunContext {
  const Parameters& parameters;
  std::string_view scenario = {};
  std::uint64_t seed = {};
};

// Takes the verdicts. Every safety property begins as held, every liveness property as open.
class Judge {
 public:
  explicit Judge(Record& record) : record_(record) {}
  // `events`: the counter-example, fewest first. The first violation of a property stays.
  void violated(std::string_view property, std::vector<EventId> events, std::string sentence);
  void held(std::string_view property, std::vector<EventId> events = {}, std::string sentence = {});
  void open(std::string_view property, std::string sentence);
  // A liveness property that wants something to happen: held when it did; violated when it did not
  // and never can, because the run ended quiet; else open.
  void eventually(std::string_view property, bool reached, std::vector<EventId> events,
                  std::string sentence);

 private:
  Judgement& find(std::string_view property);
  Record& record_;
};

// Finding things in a record, for checkers.
[[nodiscard]] std::vector<const RecordEvent*> outputs_of(const Record& record,
                                                         std::string_view kind);
[[nodiscard]] std::vector<const RecordEvent*> events_of(const Record& record, EventKind kind,
                                                        std::string_view topic = {});
// Up, and so able to act, when the run ended.
[[nodiscard]] bool is_up_at_end(const Record& record, ProcessId process);

struct AlgorithmStep {
  std::string_view text = {};    // one sentence
  std::string_view source = {};  // paper and section
};

struct Property {
  std::string_view name = {};  // [a-z][a-z0-9_]*
  PropertyKind kind = PropertyKind::safety;
  std::string_view doc = {};  // one sentence
};

enum class ScenarioKind : std::uint8_t { normal, famous_failure, famous_fix };

struct Scenario {
  std::string_view name = {};  // [a-z][a-z0-9_]*
  ScenarioKind kind = ScenarioKind::normal;
  std::string_view title = {};  // one line: what is to be seen
  std::vector<Setting> set = {};
  std::vector<Operation> inputs = {};
  std::vector<std::string_view> interventions = {};  // the words of intervention.h
  // Verdicts that differ from held; with every seed the checker must find exactly this.
  std::vector<std::pair<std::string_view, Verdict>> expect = {};
};

// Every message takes 10 ms, so that a scenario can say when something happens; and `more`.
[[nodiscard]] std::vector<Setting> even(std::vector<Setting> more = {});

struct Declaration {
  std::string_view name = {};   // [a-z][a-z0-9_]*; the page is docs/lab/NAME.md
  std::string_view title = {};  // "Basic Paxos"
  std::string_view family =
      {};  // "agreement", "commit", "time and order", "broadcast", "gossip", …
  std::string_view summary = {};                   // one line
  std::vector<std::string_view> assumptions = {};  // of the model: one sentence each
  std::vector<AlgorithmStep> steps = {};           // numbered from 1
  std::vector<Parameter> parameters = {};
  std::vector<Setting> defaults = {};  // of common parameters, where they differ
  std::vector<Property> properties = {};
  std::vector<Scenario> scenarios = {};  // at least one of each kind; the first is the default
  // Optional: refuses values, each possible, that do not go together.
  base::Status (*validate)(const Parameters&) = nullptr;
  Setup (*make)(const RunContext&) = nullptr;
  void (*check)(const RunContext&, const Record&, Judge&) = nullptr;
  // Optional: adds to `plots`.
  void (*plot)(const RunContext&, const Record&, std::vector<Plot>&) = nullptr;
};

[[nodiscard]] std::string_view name_of(ScenarioKind kind);

}  // namespace ostraka::lab
