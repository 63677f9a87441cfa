// One random schedule of one engine from one seed.
#pragma once

#include "protocol/testing/cluster.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::protocol::testing {

struct RunResult {
  std::optional<std::string> violation;
  Cluster::Counters counters;
  std::uint64_t hash = 0;  // of the states at the end
};

// Faults for a while, then a quiet end in which a leader must be found, a write must commit and all
// voters must agree (L1). Asks for what the engine can do. `mutant`: a place in engine.mutants.
// `verbose` prints the event log.
[[nodiscard]] RunResult random_run(const EngineProbe& engine, std::uint64_t seed,
                                   std::size_t mutant = 0, bool verbose = false);

}  // namespace ostraka::protocol::testing
