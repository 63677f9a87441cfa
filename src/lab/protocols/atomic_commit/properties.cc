#include "lab/protocols/atomic_commit/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace ostraka::lab::commit {
namespace {

bool is_commit(const RecordEvent& decision) { return decision.fields.integer("commit") != 0; }

std::string said(const Record& record, const RecordEvent& decision) {
  return fmt::format("{} {}", record.name_of(decision.process),
                     is_commit(decision) ? "commits" : "aborts");
}

std::set<ProcessId> participants_of(const Record& record) {
  std::set<ProcessId> all;
  for (std::size_t i = 0; i < record.processes.size(); ++i) {
    if (record.processes[i].role == "participant") {
      all.insert(ProcessId{static_cast<std::uint32_t>(i + 1)});
    }
  }
  return all;
}

void check_agreement(const Record& record, Judge& judge) {
  const RecordEvent* first = nullptr;
  std::map<ProcessId, const RecordEvent*> own;
  for (const RecordEvent* each : outputs_of(record, "decision")) {
    const auto [before, is_new] = own.emplace(each->process, each);
    if (!is_new && is_commit(*before->second) != is_commit(*each)) {
      judge.violated("stability", {before->second->id, each->id},
                     fmt::format("{} after it decided otherwise", said(record, *each)));
    }
    if (first == nullptr) {
      first = each;
    } else if (is_commit(*first) != is_commit(*each) && first->process != each->process) {
      judge.violated("agreement", {first->id, each->id},
                     fmt::format("{}, {}", said(record, *first), said(record, *each)));
    }
  }
}

// A commit needs all votes before it.
void check_commits(const Record& record, Judge& judge) {
  const auto votes = outputs_of(record, "vote");
  for (const RecordEvent* decision : outputs_of(record, "decision")) {
    if (!is_commit(*decision)) {
      continue;
    }
    std::set<ProcessId> missing = participants_of(record);
    for (const RecordEvent* vote : votes) {
      if (vote->id < decision->id && vote->fields.integer("yes") != 0) {
        missing.erase(vote->process);
      }
    }
    if (!missing.empty()) {
      judge.violated("commit_validity", {decision->id},
                     fmt::format("{}, and {} has not voted yes", said(record, *decision),
                                 record.name_of(*missing.begin())));
    }
  }
}

bool is_fault(EventKind kind) {
  return kind == EventKind::crash || kind == EventKind::pause || kind == EventKind::partition;
}

// Anything that was not as the time-outs assume, up to this event.
bool has_failure_before(const RunContext& context, const Record& record, const RecordEvent& event) {
  const base::Duration slowest = context.parameters.milliseconds("delay_max");
  const base::Duration disk = context.parameters.milliseconds("disk");
  if (context.parameters.milliseconds("patience") <= (slowest + disk) * 2) {
    return true;  // the time-outs are shorter than a round trip
  }
  return std::ranges::any_of(
             record.events,
             [&](const RecordEvent& each) { return each.id < event.id && is_fault(each.kind); }) ||
         std::ranges::any_of(record.messages, [&](const RecordMessage& each) {
           return each.sent < event.at &&
                  (each.fate == Fate::lost || each.ends - each.sent > slowest);
         });
}

void check_aborts(const RunContext& context, const Record& record, Judge& judge) {
  const auto votes = outputs_of(record, "vote");
  for (const RecordEvent* decision : outputs_of(record, "decision")) {
    const bool is_refused = std::ranges::any_of(votes, [&](const RecordEvent* vote) {
      return vote->id < decision->id && vote->fields.integer("yes") == 0;
    });
    if (!is_commit(*decision) && !is_refused && !has_failure_before(context, record, *decision)) {
      judge.violated(
          "abort_validity", {decision->id},
          fmt::format("{}, though nobody voted no and nothing failed", said(record, *decision)));
    }
  }
}

// Who voted, or took the client's request in this life, and is up, must come to a decision.
void check_termination(const Record& record, Judge& judge) {
  std::map<ProcessId, bool> bound;  // true: even a crash does not release it
  std::set<ProcessId> down;
  for (const RecordEvent& event : record.events) {
    if (event.kind == EventKind::output && event.topic == "vote") {
      bound[event.process] = true;
    } else if (event.kind == EventKind::input && event.topic == "commit") {
      if (!down.contains(event.process)) {
        bound.emplace(event.process, false);
      }
    } else if (event.kind == EventKind::restart) {
      down.erase(event.process);
    } else if (event.kind == EventKind::crash) {
      down.insert(event.process);
      if (const auto it = bound.find(event.process); it != bound.end() && !it->second) {
        bound.erase(it);
      }
    }
  }
  std::vector<EventId> decisions;
  for (const RecordEvent* event : outputs_of(record, "decision")) {
    decisions.push_back(event->id);
    bound.erase(event->process);
  }
  std::string missing;
  for (const auto& [process, is_forever] : bound) {
    if (is_up_at_end(record, process)) {
      missing += (missing.empty() ? "" : ", ") + record.name_of(process);
    }
  }
  judge.eventually("termination", missing.empty(), decisions,
                   missing.empty() ? "everyone who is up and took part has decided"
                                   : fmt::format("{} still without a decision", missing));
}

}  // namespace

std::vector<Property> properties() {
  return {{"agreement", PropertyKind::safety, "No two processes decide differently."},
          {"stability", PropertyKind::safety, "Nobody reverses its decision."},
          {"commit_validity", PropertyKind::safety,
           "Commit is decided only after every participant has voted yes."},
          {"abort_validity", PropertyKind::safety,
           "Abort is decided only after a vote no or a failure."},
          {"termination", PropertyKind::liveness,
           "Everyone who took part and is up comes to a decision."}};
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  check_agreement(record, judge);
  check_commits(record, judge);
  check_aborts(context, record, judge);
  check_termination(record, judge);
}

Operation ask_for_commit() { return {.at = base::Instant(), .process = "c", .kind = "commit"}; }

Operation refuse(std::string participant) {
  return {.at = base::Instant(), .process = std::move(participant), .kind = "refuse"};
}

}  // namespace ostraka::lab::commit
