#include "lab/core/record.h"

#include <algorithm>
#include <array>

namespace ostraka::lab {
namespace {

constexpr std::array<std::string_view, 13> kEvents{
    "start", "receive", "timer", "input",  "durable",   "note", "output",
    "crash", "restart", "pause", "resume", "partition", "heal"};
constexpr std::array<std::string_view, 3> kFates{"open", "delivered", "lost"};
constexpr std::array<std::string_view, 3> kVerdicts{"held", "violated", "open"};
constexpr std::array<std::string_view, 2> kProperties{"safety", "liveness"};
constexpr std::array<std::string_view, 4> kEnds{"quiet", "time_limit", "event_limit",
                                                "output_limit"};

}  // namespace

bool Record::is_as_written() const {
  return set.empty() && std::ranges::all_of(interventions, &RecordIntervention::by_scenario);
}

bool Record::is_as_expected() const {
  return std::ranges::all_of(properties,
                             [](const Judgement& each) { return each.verdict == each.expected; });
}

std::string_view name_of(EventKind kind) { return kEvents.at(static_cast<std::size_t>(kind)); }
std::string_view name_of(Fate fate) { return kFates.at(static_cast<std::size_t>(fate)); }
std::string_view name_of(Verdict verdict) {
  return kVerdicts.at(static_cast<std::size_t>(verdict));
}
std::string_view name_of(PropertyKind kind) {
  return kProperties.at(static_cast<std::size_t>(kind));
}
std::string_view name_of(EndReason reason) { return kEnds.at(static_cast<std::size_t>(reason)); }

}  // namespace ostraka::lab
