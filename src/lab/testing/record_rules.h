// The rules of docs/formats/lab-run.md, checked on a run's JSON as any reader would see it. Shared
// by the tests of whatever writes such a run: the laboratory and the simulator.
//
// Threads: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ostraka::lab {

// Each rule that `json` breaks, as a sentence; empty: it is a run. Stops after twenty.
[[nodiscard]] std::vector<std::string> broken_rules(std::string_view json);

}  // namespace ostraka::lab
