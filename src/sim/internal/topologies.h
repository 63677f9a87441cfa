// Random topologies in which a majority stays connected (scenario S7): there a leader must be found
// and stay, writes must go on, and nobody on the edge may disturb that. Threads: one.
#pragma once

#include "sim/scenario.h"
#include "sim/world.h"

#include <cstdint>
#include <functional>

namespace ostraka::sim::internal {

// Draws a topology by the world's generator at each of the times; each begins with all links
// healed. `writes` counts acknowledged writes. A demand that is not met fails the run as I-L1.
void schedule_topologies(World& world, const Topologies& topologies,
                         const std::function<std::uint64_t()>& writes);

}  // namespace ostraka::sim::internal
