#include "lab/core/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ostraka::lab {
namespace {

std::string milliseconds(base::Instant at) {
  const std::int64_t us = (at - base::Instant()).as_microseconds();
  return fmt::format("{}.{:03}", us / 1000, us % 1000);
}

enum class Life : std::uint8_t { up, paused, down };

// One column a process: '|' up, ':' paused, ' ' down, a mark where something happens.
class Columns {
 public:
  explicit Columns(const Record& record) {
    for (const Record::ProcessLine& process : record.processes) {
      widths_.push_back(std::max<std::size_t>(process.name.size(), 2) + 1);
      lives_.push_back(Life::up);
    }
  }

  void note_life(const RecordEvent& event) {
    if (event.process.is_none()) {
      return;
    }
    Life& life = lives_.at(event.process.value() - 1);
    if (event.kind == EventKind::crash) {
      life = Life::down;
    } else if (event.kind == EventKind::pause) {
      life = Life::paused;
    } else if (event.kind == EventKind::restart || event.kind == EventKind::resume) {
      life = Life::up;
    }
  }

  [[nodiscard]] std::string line(ProcessId marked, char mark) const {
    std::string text;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const char idle = lives_[i] == Life::up ? '|' : lives_[i] == Life::paused ? ':' : ' ';
      text += i + 1 == marked.value() ? mark : idle;
      text.append(widths_[i] - 1, ' ');
    }
    return text;
  }

  [[nodiscard]] std::string heading(const Record& record) const {
    std::string text;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      text += fmt::format("{:<{}}", record.processes[i].name, widths_[i]);
    }
    return text;
  }

 private:
  std::vector<std::size_t> widths_;
  std::vector<Life> lives_;
};

char mark_of(EventKind kind) {
  switch (kind) {
    case EventKind::output:
      return '*';
    case EventKind::note:
      return '+';
    case EventKind::crash:
      return 'X';
    case EventKind::start:
    case EventKind::restart:
    case EventKind::receive:
    case EventKind::timer:
    case EventKind::input:
    case EventKind::durable:
    case EventKind::pause:
    case EventKind::resume:
    case EventKind::partition:
    case EventKind::heal:
      break;
  }
  return 'o';
}

// "sends prepare(number=1) to a1, a2, a3 (lost: partition)", equal contents together.
std::string sends_of(const Record& record, const RecordEvent& event,
                     const std::map<std::string_view, const RecordMessage*>& messages) {
  std::vector<std::pair<std::string, std::string>> groups;
  for (const std::string& id : event.sent) {
    const RecordMessage& message = *messages.at(id);
    const std::string what = fmt::format("{}({})", message.kind, message.fields.render());
    std::string to = record.name_of(message.to);
    to += id.contains('+') ? " again" : "";
    to += message.fate == Fate::lost ? fmt::format(" (lost: {})", message.why) : "";
    const auto group = std::ranges::find(groups, what, [](const auto& each) { return each.first; });
    if (group == groups.end()) {
      groups.emplace_back(what, std::move(to));
    } else {
      group->second += ", " + to;
    }
  }
  std::string text;
  for (const auto& [what, to] : groups) {
    text += fmt::format("; sends {} to {}", what, to);
  }
  return text;
}

void append_verdicts(const Record& record, std::string& out) {
  for (const Judgement& each : record.properties) {
    out += fmt::format("{:<9} {} ({})", name_of(each.verdict), each.name, name_of(each.kind));
    out += each.sentence.empty() ? "" : ": " + each.sentence;
    if (each.verdict == Verdict::violated && !each.events.empty()) {
      out += "; see event";
      for (const EventId id : each.events) {
        out += fmt::format(" {}", id.value());
      }
    }
    if (record.is_as_written() && each.verdict != each.expected) {
      out += fmt::format(" [EXPECTED: {}]", name_of(each.expected));
    }
    out += "\n";
  }
}

}  // namespace

std::string to_listing(const Record& record) {
  std::map<std::string_view, const RecordMessage*> messages;
  for (const RecordMessage& message : record.messages) {
    messages[message.id] = &message;
  }
  Columns columns(record);
  std::string out =
      fmt::format("{}, scenario {}: {}\n", record.title, record.scenario, record.scenario_title);
  for (const RecordIntervention& each : record.interventions) {
    out += fmt::format("  {} {}{}{}\n", each.by_scenario ? "scenario:" : "you:", each.text,
                       each.remark.empty() ? "" : " -- did not act: ", each.remark);
  }
  out += fmt::format("\n{:>5} {:>9}  {} step\n", "event", "ms", columns.heading(record));
  for (const RecordEvent& event : record.events) {
    columns.note_life(event);
    const std::string who = event.process.is_none() ? "" : record.name_of(event.process) + " ";
    const std::string step = event.step == 0 ? "" : fmt::format("{}", event.step);
    out += fmt::format("{:>5} {:>9}  {} {:>4}  {}{}{}\n", event.id.value(), milliseconds(event.at),
                       columns.line(event.process, mark_of(event.kind)), step, who, event.text,
                       sends_of(record, event, messages));
  }
  out += fmt::format("\nended at {} ms: {}\n", milliseconds(record.end),
                     record.end_reason == EndReason::quiet ? "nothing is left to happen"
                                                           : name_of(record.end_reason));
  for (const std::string& remark : record.remarks) {
    out += remark + "\n";
  }
  append_verdicts(record, out);
  return out;
}

}  // namespace ostraka::lab
