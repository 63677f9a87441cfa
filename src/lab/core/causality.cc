#include "lab/core/causality.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace ostraka::lab {

Causality::Causality(const Record& record, const std::set<EventId>& ignored) {
  std::map<std::string_view, EventId> senders;
  for (const RecordMessage& message : record.messages) {
    senders[message.id] = message.send_event;
  }
  std::vector<std::vector<std::uint32_t>> now(record.processes.size(),
                                              std::vector<std::uint32_t>(record.processes.size()));
  for (const RecordEvent& event : record.events) {
    Stamp& stamp = stamps_.emplace_back();
    stamp.step = event.cause.is_none() ? event.id : event.cause;
    if (event.process.is_none()) {
      continue;
    }
    stamp.process = event.process.value();
    auto& known = now[stamp.process - 1];
    if (event.cause.is_none()) {
      ++known[stamp.process - 1];
    }
    if (!event.message.empty() && !ignored.contains(event.id)) {
      const auto& sent = stamps_[senders.at(event.message).value() - 1].known;
      for (std::size_t i = 0; i < known.size(); ++i) {
        known[i] = std::max(known[i], sent[i]);
      }
    }
    stamp.known = known;
  }
}

bool Causality::happened_before(EventId a, EventId b) const {
  const Stamp& first = stamps_.at(a.value() - 1);
  const Stamp& second = stamps_.at(b.value() - 1);
  if (first.process == 0 || second.process == 0) {
    return false;
  }
  if (first.step == second.step) {
    return a < b;
  }
  return first.known[first.process - 1] <= second.known[first.process - 1];
}

}  // namespace ostraka::lab
