// Everything that happened in one run, as values: what viewers draw, checkers judge and exports
// write. docs/formats/lab-run.md is the same as JSON.
//
// Times are true (virtual) time since the start, whatever the processes' clocks say.
// Threads: values.
#pragma once

#include "base/strong_id.h"
#include "base/time.h"
#include "lab/core/process.h"
#include "lab/core/value.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostraka::lab {

using EventId = base::StrongId<struct EventIdTag, std::uint32_t>;  // from 1, in order of time

enum class EventKind : std::uint8_t {
  start,    // a process begins
  receive,  // takes a message
  timer,    // a timer fires
  input,    // a client's operation
  durable,  // writes reached stable storage
  note,     // a process's own word on a change or decision (topic, text)
  output,   // what properties are judged on (topic, fields)
  crash,    // by an intervention, as all below
  restart,
  pause,
  resume,
  partition,  // of no process
  heal,
};

struct RecordEvent {
  EventId id = {};
  base::Instant at = {};
  ProcessId process = {};  // none: partition, heal
  EventKind kind = EventKind::start;
  std::string topic = {};    // note, output: its kind; timer: its name; input: the operation
  std::string text = {};     // for people, one line
  Fields fields = {};        // output, input
  int step = 0;              // of the algorithm on the page; 0 = none
  EventId cause = {};        // note, output: the event whose step said so
  std::string message = {};  // receive: the identity
  std::vector<std::string> sent = {};                           // identities of what its step sent
  std::vector<std::pair<std::string, std::string>> state = {};  // lines that changed; "" = gone
};

enum class Fate : std::uint8_t {
  open,  // under way when the run ended
  delivered,
  lost,
};

struct RecordMessage {
  std::string id = {};  // SENDER.RECEIVER.KIND.NUMBER, a duplicate with +1
  ProcessId from = {};
  ProcessId to = {};
  std::string kind = {};
  Fields fields = {};
  int step = 0;
  base::Instant sent = {};
  base::Instant ends = {};  // arrival, the place of its loss, or when it would have arrived
  Fate fate = Fate::open;
  std::string why = {};        // of a loss: "by chance", "partition", "p1 is down", "intervention"
  EventId send_event = {};     // the event whose step sent it
  EventId receive_event = {};  // none unless delivered
};

struct RecordIntervention {
  std::string text = {};
  bool by_scenario = false;
  bool acted = false;
  std::string remark = {};  // why it did not act
};

enum class Verdict : std::uint8_t { held, violated, open };
enum class PropertyKind : std::uint8_t { safety, liveness };

struct Judgement {
  std::string name = {};
  PropertyKind kind = PropertyKind::safety;
  std::string doc = {};
  Verdict verdict = Verdict::open;
  // Of the scenario; does not count when the run was changed by parameters or interventions.
  Verdict expected = Verdict::held;
  std::vector<EventId> events = {};  // the counter-example, or what it was held by
  std::string sentence = {};
};

struct Plot {
  std::string name = {};
  std::string title = {};
  std::string x_label = {};
  std::string y_label = {};
  bool bars = false;                         // else lines
  std::vector<std::string> categories = {};  // of bars: the names of x = 0, 1, …; may be empty
  struct Series {
    std::string name = {};
    std::vector<std::pair<double, double>> points = {};
  };
  std::vector<Series> series = {};
};

enum class EndReason : std::uint8_t {
  quiet,  // no message, timer, write or operation is left: nothing can happen any more
  time_limit,
  event_limit,
  output_limit,  // bytes of the record
};

struct RecordStep {
  std::string text = {};
  std::string source = {};
};

struct Record {
  std::string protocol = {};
  std::string title = {};
  std::string scenario = {};
  std::string scenario_title = {};
  std::uint64_t seed = 0;
  std::string command = {};  // that repeats it; empty: 'ostraka lab run' with what stands here
  std::vector<std::pair<std::string, std::string>> parameters = {};  // all, with their values
  std::vector<std::pair<std::string, std::string>> set = {};         // those that the caller set
  std::vector<RecordIntervention> interventions = {};
  struct ProcessLine {
    std::string name = {};
    std::string role = {};
  };
  std::vector<ProcessLine> processes = {};   // ProcessId 1 is [0]
  std::vector<RecordStep> steps = {};        // step 1 is [0]
  std::vector<RecordEvent> events = {};      // EventId 1 is [0]
  std::vector<RecordMessage> messages = {};  // in order of sending
  std::vector<Judgement> properties = {};
  std::vector<Plot> plots = {};
  std::vector<std::string> remarks = {};  // what people should know: a limit that was reached …
  base::Instant end = {};
  EndReason end_reason = EndReason::quiet;

  [[nodiscard]] const std::string& name_of(ProcessId process) const {
    return processes.at(process.value() - 1).name;
  }
  [[nodiscard]] const RecordEvent& event(EventId id) const { return events.at(id.value() - 1); }
  // The caller changed neither parameters nor interventions: the scenario's expectation counts.
  [[nodiscard]] bool is_as_written() const;
  // No property differs from the scenario's expectation. Requires is_as_written().
  [[nodiscard]] bool is_as_expected() const;
};

[[nodiscard]] std::string_view name_of(EventKind kind);
[[nodiscard]] std::string_view name_of(Fate fate);
[[nodiscard]] std::string_view name_of(Verdict verdict);
[[nodiscard]] std::string_view name_of(PropertyKind kind);
[[nodiscard]] std::string_view name_of(EndReason reason);

}  // namespace ostraka::lab
