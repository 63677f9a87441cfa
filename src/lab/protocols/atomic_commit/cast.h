// The cast that commit protocols share: c, whom the client asks at the beginning, and the
// participants p1, p2, …; and what their declarations say alike.
//
// Threads: pure functions.
#pragma once

#include "lab/core/declaration.h"
#include "lab/protocols/atomic_commit/properties.h"

#include <set>
#include <string_view>
#include <vector>

namespace ostraka::lab::commit {

inline constexpr ProcessId kCoordinator{1};

[[nodiscard]] inline ProcessId participant(std::int64_t number) {
  return ProcessId{kCoordinator.value() + static_cast<std::uint32_t>(number)};
}
[[nodiscard]] std::set<ProcessId> all_participants(std::int64_t count);

// "participants".
[[nodiscard]] Parameter participants_parameter();
// Crashes, and a network that may do anything but forge.
[[nodiscard]] std::vector<std::string_view> assumptions(std::string_view more);

// `protocol` with family, properties and checker.
[[nodiscard]] Declaration declare(Declaration protocol);
// A fifth of the messages is lost.
[[nodiscard]] Scenario lossy(std::vector<Setting> more = {});

template <typename Coordinator, typename Participant>
Setup make_cast(const Parameters& parameters) {
  Setup setup;
  add_process<Coordinator>(setup, "c", "coordinator", parameters);
  add_processes<Participant>(setup, "p", "participant", parameters["participants"], parameters);
  setup.inputs.push_back(ask_for_commit());
  return setup;
}

}  // namespace ostraka::lab::commit
