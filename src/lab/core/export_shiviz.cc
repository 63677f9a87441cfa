// Vector clocks from the record: an event counts for its process, a reception joins the clock of
// the event that sent.
#include "lab/core/export.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace ostraka::lab {
namespace {

using Clock = std::vector<std::uint32_t>;

// ShiViz takes events apart by a regular expression that knows no escapes.
std::string plain(std::string text) {
  std::ranges::replace(text, '"', '\'');
  std::ranges::replace(text, '\\', '/');
  return text;
}

std::string clock_text(const Record& record, const Clock& clock) {
  std::string text = "{";
  for (std::size_t i = 0; i < clock.size(); ++i) {
    if (clock[i] != 0) {
      text += fmt::format("{}\"{}\":{}", text.size() == 1 ? "" : ",", record.processes[i].name,
                          clock[i]);
    }
  }
  return text + "}";
}

}  // namespace

std::string to_shiviz(const Record& record) {
  std::map<std::string_view, const RecordMessage*> messages;
  for (const RecordMessage& message : record.messages) {
    messages[message.id] = &message;
  }
  std::vector<Clock> now(record.processes.size(), Clock(record.processes.size()));
  std::vector<Clock> at;  // of each event
  std::string out;
  for (const RecordEvent& event : record.events) {
    at.emplace_back();
    if (event.process.is_none()) {
      continue;  // a partition happens to no process
    }
    Clock& clock = now.at(event.process.value() - 1);
    ++clock.at(event.process.value() - 1);
    if (event.kind == EventKind::receive) {
      const Clock& sent = at.at(messages.at(event.message)->send_event.value() - 1);
      for (std::size_t i = 0; i < clock.size(); ++i) {
        clock[i] = std::max(clock[i], sent[i]);
      }
    }
    at.back() = clock;
    const nlohmann::ordered_json text = plain(event.text);
    out += fmt::format(R"({{"host":"{}","clock":{},"event":{},"time":{},"kind":"{}"}})",
                       record.name_of(event.process), clock_text(record, clock),
                       text.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
                       (event.at - base::Instant()).as_microseconds(), name_of(event.kind));
    out += "\n";
  }
  return out;
}

}  // namespace ostraka::lab
