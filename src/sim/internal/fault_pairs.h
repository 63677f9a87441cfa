// Two faults in a row (scenario E3): which, and where, is chosen by the seed. Threads: one.
#pragma once

#include "sim/scenario.h"
#include "sim/world.h"

#include <cstdint>

namespace ostraka::sim::internal {

// Seed s takes number (s - 1) modulo pairs.count(). Marks "pair KIND,KIND" and the position.
void schedule_pair(World& world, const FaultPairs& pairs, std::uint64_t seed);

}  // namespace ostraka::sim::internal
