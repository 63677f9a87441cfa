// One random schedule of one engine from one seed.
#pragma once

#include "protocol/testing/cluster.h"

#include <cstddef>
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

// Seeds 1 to `seeds`, or to the first violation, which then names its seed. The counters are sums.
[[nodiscard]] RunResult random_runs(const EngineProbe& engine, std::uint64_t seeds);

struct Caught {
  std::uint64_t seed = 0;
  std::string violation;
};

// The first of `seeds_max` seeds whose run the invariants object to when this bug is planted.
[[nodiscard]] std::optional<Caught> catch_mutant(const EngineProbe& engine, std::size_t mutant,
                                                 std::uint64_t seeds_max);

// A number that whoever runs the tests may give in the environment.
[[nodiscard]] std::optional<std::uint64_t> wanted_number(const char* variable);

}  // namespace ostraka::protocol::testing
