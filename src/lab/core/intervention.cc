#include "lab/core/intervention.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

namespace ostraka::lab {
namespace {

using Words = std::vector<std::string>;

constexpr std::int64_t kHour = 3'600'000'000;  // microseconds

Words words_of(std::string_view text, char separator) {
  Words words;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == separator) {
      if (i > begin) {
        words.emplace_back(text.substr(begin, i - begin));
      }
      begin = i + 1;
    }
  }
  return words;
}

base::Result<base::Instant> instant_of(const std::string& word) {
  OSTRAKA_ASSIGN(const base::Duration since, parse_duration(word));
  return base::Instant() + since;
}

base::Result<Intervention> parse_delay(const Words& words) {
  OSTRAKA_ASSIGN(const base::Duration by, parse_duration(words[2]));
  return DelayMessage{words[1], by};
}

base::Result<Intervention> parse_duplicate(const Words& words) {
  base::Duration after;
  if (words.size() == 3) {
    OSTRAKA_ASSIGN(after, parse_duration(words[2]));
  }
  return DuplicateMessage{words[1], after};
}

base::Result<Intervention> parse_pause(const Words& words) {
  OSTRAKA_ASSIGN(const base::Instant at, instant_of(words[3]));
  OSTRAKA_ASSIGN(const base::Duration length, parse_duration(words[5]));
  return PauseProcess{words[1], at, length};
}

base::Result<Intervention> parse_partition(const Words& words) {
  Partition partition;
  for (const std::string& group : words_of(words[1], '|')) {
    partition.groups.push_back(words_of(group, ','));
  }
  OSTRAKA_ASSIGN(partition.from, instant_of(words[3]));
  OSTRAKA_ASSIGN(partition.until, instant_of(words[5]));
  if (partition.groups.size() < 2 || partition.until <= partition.from) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "a partition needs two groups, and an end behind its start: partition "
                      "p1,a1|a2,a3 at 120ms until 300ms");
  }
  return partition;
}

// The words of a form; "" stands for any word.
struct Form {
  std::string_view shown;
  std::array<std::string_view, 6> words;
  std::size_t count;
  base::Result<Intervention> (*parse)(const Words&);
};

const std::array<Form, 8> kForms{{
    {"drop MESSAGE",
     {"drop", ""},
     2,
     [](const Words& w) -> base::Result<Intervention> { return DropMessage{w[1]}; }},
    {"delay MESSAGE 50ms", {"delay", "", ""}, 3, parse_delay},
    {"duplicate MESSAGE", {"duplicate", ""}, 2, parse_duplicate},
    {"duplicate MESSAGE 50ms", {"duplicate", "", ""}, 3, parse_duplicate},
    {"crash PROCESS at 120ms",
     {"crash", "", "at", ""},
     4,
     [](const Words& w) -> base::Result<Intervention> {
       OSTRAKA_ASSIGN(const base::Instant at, instant_of(w[3]));
       return CrashProcess{w[1], at};
     }},
    {"restart PROCESS at 300ms",
     {"restart", "", "at", ""},
     4,
     [](const Words& w) -> base::Result<Intervention> {
       OSTRAKA_ASSIGN(const base::Instant at, instant_of(w[3]));
       return RestartProcess{w[1], at};
     }},
    {"pause PROCESS at 120ms for 50ms", {"pause", "", "at", "", "for", ""}, 6, parse_pause},
    {"partition p1,a1|a2,a3 at 120ms until 300ms",
     {"partition", "", "at", "", "until", ""},
     6,
     parse_partition},
}};

bool fits(const Form& form, const Words& words) {
  if (form.count != words.size()) {
    return false;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!form.words.at(i).empty() && form.words.at(i) != words[i]) {
      return false;
    }
  }
  return true;
}

std::string render_at(base::Instant at) { return render(at - base::Instant()); }

struct Renderer {
  std::string operator()(const DropMessage& it) const { return "drop " + it.message; }
  std::string operator()(const DelayMessage& it) const {
    return fmt::format("delay {} {}", it.message, render(it.by));
  }
  std::string operator()(const DuplicateMessage& it) const {
    return it.after == base::Duration()
               ? "duplicate " + it.message
               : fmt::format("duplicate {} {}", it.message, render(it.after));
  }
  std::string operator()(const CrashProcess& it) const {
    return fmt::format("crash {} at {}", it.process, render_at(it.at));
  }
  std::string operator()(const RestartProcess& it) const {
    return fmt::format("restart {} at {}", it.process, render_at(it.at));
  }
  std::string operator()(const PauseProcess& it) const {
    return fmt::format("pause {} at {} for {}", it.process, render_at(it.at), render(it.length));
  }
  std::string operator()(const Partition& it) const {
    std::string groups;
    for (const auto& group : it.groups) {
      groups += groups.empty() ? "" : "|";
      for (std::size_t i = 0; i < group.size(); ++i) {
        groups += (i == 0 ? "" : ",") + group[i];
      }
    }
    return fmt::format("partition {} at {} until {}", groups, render_at(it.from),
                       render_at(it.until));
  }
};

}  // namespace

base::Result<Intervention> parse_intervention(std::string_view text) {
  const Words words = words_of(text, ' ');
  std::string forms;
  bool is_verb_known = false;
  for (const Form& form : kForms) {
    if (fits(form, words)) {
      return form.parse(words);
    }
    is_verb_known = is_verb_known || (!words.empty() && words[0] == form.words[0]);
  }
  for (const Form& form : kForms) {
    if (!is_verb_known || words[0] == form.words[0]) {
      forms += (forms.empty() ? "'" : ", '") + std::string(form.shown) + "'";
    }
  }
  return base::fail(base::ErrorCode::invalid_argument,
                    fmt::format("'{}' is no intervention; write {}", text, forms));
}

std::string render(const Intervention& intervention) {
  return std::visit(Renderer{}, intervention);
}

base::Result<base::Duration> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t scale = unit == "us" ? 1 : unit == "ms" ? 1'000 : unit == "s" ? 1'000'000 : 0;
  if (problem != std::errc() || scale == 0 || number < 0 || number > kHour / scale) {
    return base::fail(
        base::ErrorCode::invalid_argument,
        fmt::format("'{}' is no time; write 120ms, 1500us or 2s, at most an hour", text));
  }
  return base::Duration::microseconds(number * scale);
}

std::string render(base::Duration duration) {
  const std::int64_t us = duration.as_microseconds();
  return us % 1'000 == 0 ? fmt::format("{}ms", us / 1'000) : fmt::format("{}us", us);
}

}  // namespace ostraka::lab
