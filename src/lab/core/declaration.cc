#include "lab/core/declaration.h"

#include <algorithm>
#include <array>

namespace ostraka::lab {

Judgement& Judge::find(std::string_view property) {
  const auto at = std::ranges::find(record_.properties, property, &Judgement::name);
  OSTRAKA_ASSERT(at != record_.properties.end(), "a checker judges properties that are declared");
  return *at;
}

void Judge::violated(std::string_view property, std::vector<EventId> events, std::string sentence) {
  Judgement& it = find(property);
  if (it.verdict != Verdict::violated) {
    it.verdict = Verdict::violated;
    it.events = std::move(events);
    it.sentence = std::move(sentence);
  }
}

void Judge::held(std::string_view property, std::vector<EventId> events, std::string sentence) {
  Judgement& it = find(property);
  if (it.verdict != Verdict::violated) {
    it.verdict = Verdict::held;
    it.events = std::move(events);
    it.sentence = std::move(sentence);
  }
}

void Judge::open(std::string_view property, std::string sentence) {
  Judgement& it = find(property);
  if (it.verdict != Verdict::violated) {
    it.verdict = Verdict::open;
    it.sentence = std::move(sentence);
  }
}

void Judge::eventually(std::string_view property, bool reached, std::vector<EventId> events,
                       std::string sentence) {
  if (reached) {
    held(property, std::move(events), std::move(sentence));
  } else if (record_.end_reason == EndReason::quiet) {
    violated(property, std::move(events),
             std::move(sentence) + "; nothing is left that could change it");
  } else {
    open(property, std::move(sentence));
  }
}

std::vector<const RecordEvent*> events_of(const Record& record, EventKind kind,
                                          std::string_view topic) {
  std::vector<const RecordEvent*> found;
  for (const RecordEvent& event : record.events) {
    if (event.kind == kind && (topic.empty() || event.topic == topic)) {
      found.push_back(&event);
    }
  }
  return found;
}

std::vector<const RecordEvent*> outputs_of(const Record& record, std::string_view kind) {
  return events_of(record, EventKind::output, kind);
}

bool is_up_at_end(const Record& record, ProcessId process) {
  bool is_up = true;
  for (const RecordEvent& event : record.events) {
    if (event.process == process) {
      is_up = event.kind != EventKind::crash && (is_up || event.kind == EventKind::restart);
    }
  }
  return is_up;
}

std::vector<Setting> even(std::vector<Setting> more) {
  more.insert(more.begin(), {{"delay_min", "10"}, {"delay_max", "10"}});
  return more;
}

std::string_view name_of(ScenarioKind kind) {
  constexpr std::array<std::string_view, 3> kNames{"normal", "famous failure", "famous fix"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace ostraka::lab
