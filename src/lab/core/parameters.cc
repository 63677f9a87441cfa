#include "lab/core/parameters.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace ostraka::lab {
namespace {

constexpr std::int64_t kMillisecondsMax = 600'000;

const std::array<Parameter, 7> kCommon{{
    {"delay_min", 0, kMillisecondsMax, 10, "ms", "the fastest message"},
    {"delay_max", 0, kMillisecondsMax, 30, "ms", "the slowest message"},
    {"loss", 0, 100, 0, "%", "messages that the network loses"},
    {"duplicate", 0, 100, 0, "%", "messages that arrive twice"},
    {"fifo", 0, 1, 0, "", "1: a message does not overtake an earlier one of its link"},
    {"disk", 0, kMillisecondsMax, 0, "ms", "until a write is on stable storage"},
    {"time_limit", 1, kMillisecondsMax, 2000, "ms", "virtual time after which the run ends"},
}};

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

bool is_near(std::string_view given, std::string_view known) {
  if (given.size() >= 3 && (known.contains(given) || given.contains(known))) {
    return true;
  }
  return distance(given, known) <= std::max<std::size_t>(1, known.size() / 3);
}

}  // namespace

std::span<const Parameter> common_parameters() { return kCommon; }

std::int64_t Parameters::operator[](std::string_view name) const {
  const auto at = std::ranges::find(declared_, name, &Parameter::name);
  OSTRAKA_ASSERT(at != declared_.end(), "a protocol asks for parameters that it declares");
  return at->value;
}

std::string Parameters::text(std::string_view name) const {
  const auto at = std::ranges::find(declared_, name, &Parameter::name);
  OSTRAKA_ASSERT(at != declared_.end(), "a protocol asks for parameters that it declares");
  return at->choices.empty() ? std::to_string(at->value)
                             : std::string(at->choices.at(static_cast<std::size_t>(at->value)));
}

base::Status Parameters::set(std::string_view name, std::string_view value) {
  const auto at = std::ranges::find(declared_, name, &Parameter::name);
  if (at == declared_.end()) {
    std::vector<std::string> known;
    known.reserve(declared_.size());
    for (const Parameter& each : declared_) {
      known.emplace_back(each.name);
    }
    return base::fail(base::ErrorCode::invalid_argument, unknown_name("parameter", name, known));
  }
  if (!at->choices.empty()) {
    const auto choice = std::ranges::find(at->choices, value);
    if (choice == at->choices.end()) {
      const std::vector<std::string> known(at->choices.begin(), at->choices.end());
      return base::fail(base::ErrorCode::invalid_argument,
                        unknown_name(fmt::format("value of {}", name), value, known));
    }
    at->value = choice - at->choices.begin();
    return {};
  }
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc() || end != value.data() + value.size() || number < at->min ||
      number > at->max) {
    return base::fail(base::ErrorCode::invalid_argument,
                      fmt::format("{} is '{}', but must be a number from {} to {}{}{}", name, value,
                                  at->min, at->max, at->unit.empty() ? "" : " ", at->unit));
  }
  at->value = number;
  return {};
}

std::string unknown_name(std::string_view what, std::string_view given,
                         std::span<const std::string> known) {
  std::string near;
  std::string all;
  for (const std::string& each : known) {
    all += (all.empty() ? "" : ", ") + each;
    if (is_near(given, each)) {
      near += (near.empty() ? "'" : " or '") + each + "'";
    }
  }
  return fmt::format("unknown {} '{}'; {}", what, given,
                     near.empty() ? "there are: " + all : "did you mean " + near + "?");
}

}  // namespace ostraka::lab
