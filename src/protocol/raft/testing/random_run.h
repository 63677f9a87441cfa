// One random schedule from one seed.
#pragma once

#include "protocol/raft/testing/cluster.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::protocol::raft::testing {

struct RunResult {
  std::optional<std::string> violation;
  Cluster::Counters counters;
  std::uint64_t hash = 0;  // of the states at the end
};

// Faults for a while, then a quiet end in which a leader must be found, a write must commit and all
// voters must agree (L1). `verbose` prints the event log.
[[nodiscard]] RunResult random_run(std::uint64_t seed, Mutant mutant, bool verbose = false);

}  // namespace ostraka::protocol::raft::testing
