#include "lab/protocols/one_value/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ostraka::lab::one_value {
namespace {

struct Chosen {
  std::int64_t number = 0;
  std::string value;
  std::vector<EventId> events;  // the acceptances
};

// The process crashed before its disk had what it accepted, or was asked for: it told nobody.
bool is_undone(const RunContext& context, const Record& record, const RecordEvent& event) {
  const base::Instant durable = event.at + context.parameters.milliseconds("disk");
  return std::ranges::any_of(record.events, [&](const RecordEvent& each) {
    return each.kind == EventKind::crash && each.process == event.process && each.id > event.id &&
           each.at < durable;
  });
}

// In the order of being chosen.
std::vector<Chosen> chosen_in(const RunContext& context, const Record& record,
                              const std::function<std::size_t(std::int64_t)>& quorum_of) {
  std::map<std::pair<std::int64_t, std::string>, std::map<ProcessId, EventId>> votes;
  std::vector<Chosen> all;
  for (const RecordEvent* event : outputs_of(record, "accepted")) {
    const std::int64_t number = event->fields.integer("number");
    const std::string& value = event->fields.text("value");
    std::map<ProcessId, EventId>& same = votes[{number, value}];
    if (!is_undone(context, record, *event) && same.emplace(event->process, event->id).second &&
        same.size() == quorum_of(number)) {
      Chosen& chosen = all.emplace_back(number, value, std::vector<EventId>());
      for (const auto& [acceptor, id] : same) {
        chosen.events.push_back(id);
      }
      std::ranges::sort(chosen.events);
    }
  }
  return all;
}

void check_chosen(const Record& record, const std::vector<Chosen>& chosen, Judge& judge) {
  std::set<std::string> asked;
  for (const RecordEvent* event : events_of(record, EventKind::input, "propose")) {
    asked.insert(event->fields["value"].render());
  }
  for (const Chosen& each : chosen) {
    if (!asked.contains(each.value)) {
      judge.violated("validity", each.events,
                     fmt::format("{} is chosen, and nobody proposed it", each.value));
    }
    if (each.value != chosen.front().value) {
      std::vector<EventId> events = chosen.front().events;
      events.insert(events.end(), each.events.begin(), each.events.end());
      judge.violated(
          "agreement", events,
          fmt::format("{} is chosen with number {}, then {} with number {}", chosen.front().value,
                      chosen.front().number, each.value, each.number));
    }
  }
}

// Learners, and proposers that a client asked, if they are up.
std::set<ProcessId> who_should_learn(const RunContext& context, const Record& record) {
  std::set<ProcessId> all;
  std::set<ProcessId> down;
  for (const RecordEvent& event : record.events) {
    if (event.kind == EventKind::crash) {
      down.insert(event.process);
    } else if (event.kind == EventKind::restart) {
      down.erase(event.process);
    } else if (event.kind == EventKind::input && !down.contains(event.process) &&
               !is_undone(context, record, event)) {
      all.insert(event.process);
    }
  }
  for (std::size_t i = 0; i < record.processes.size(); ++i) {
    if (record.processes[i].role == "learner") {
      all.insert(ProcessId{static_cast<std::uint32_t>(i + 1)});
    }
  }
  std::erase_if(all, [&](ProcessId process) { return !is_up_at_end(record, process); });
  return all;
}

}  // namespace

std::vector<std::string_view> assumptions() {
  return {"Processes crash and come back with what they had on stable storage; none lies.",
          "Messages may be lost, duplicated, late and out of order, never corrupted.",
          "No bound on time is needed for safety; for a decision, times of calm."};
}

std::vector<Property> properties() {
  return {{"agreement", PropertyKind::safety, "At most one value is chosen."},
          {"validity", PropertyKind::safety, "Only a value that was proposed is chosen."},
          {"learning", PropertyKind::safety, "Nobody learns a value that is not chosen."},
          {"termination", PropertyKind::liveness,
           "Learners, and proposers with a value, that are up learn what is chosen."}};
}

void check(const RunContext& context, const Record& record, Judge& judge,
           const std::function<std::size_t(std::int64_t)>& quorum_of) {
  const std::vector<Chosen> chosen = chosen_in(context, record, quorum_of);
  check_chosen(record, chosen, judge);
  std::set<ProcessId> wants = who_should_learn(context, record);
  std::vector<EventId> learnings;
  for (const RecordEvent* event : outputs_of(record, "learned")) {
    wants.erase(event->process);
    learnings.push_back(event->id);
    const auto same = std::ranges::find_if(chosen, [event](const Chosen& each) {
      return each.value == event->fields.text("value") &&
             each.number == event->fields.integer("number");
    });
    if (same == chosen.end() || same->events.back() > event->id) {
      judge.violated("learning", {event->id},
                     fmt::format("{} learns {}, which is not chosen",
                                 record.name_of(event->process), event->fields.text("value")));
    }
  }
  std::string missing;
  for (const ProcessId process : wants) {
    missing += (missing.empty() ? "" : ", ") + record.name_of(process);
  }
  judge.eventually("termination", wants.empty(), learnings,
                   wants.empty()
                       ? "everyone who is up has learned the value"
                       : fmt::format("not learned yet by {} after {} more attempts", missing,
                                     events_of(record, EventKind::note, "retry").size()));
}

Operation propose(std::int64_t ms, std::string proposer, std::string value) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(proposer),
          .kind = "propose",
          .fields = {{"value", std::move(value)}}};
}

}  // namespace ostraka::lab::one_value
