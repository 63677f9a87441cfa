#include "sim/internal/fault_pairs.h"

#include "sim/faults.h"

#include <string>

namespace ostraka::sim::internal {

void schedule_pair(World& world, const FaultPairs& pairs, std::uint64_t seed) {
  const std::uint64_t number = (seed + pairs.count() - 1) % pairs.count();
  const std::uint64_t kinds = pairs.kinds.size();
  const std::string& first = pairs.kinds[number / FaultPairs::kPositions / kinds];
  const std::string& second = pairs.kinds[number / FaultPairs::kPositions % kinds];
  const std::uint64_t position = number % FaultPairs::kPositions;
  world.mark("pair " + first + "," + second + " at " + std::to_string(position));
  const base::Instant at =
      base::Instant{} + pairs.from + pairs.step * static_cast<std::int64_t>(position);
  world.scheduler().schedule(at, sim_ports::OwnerId{}, [&world, first] { strike(world, first); });
  world.scheduler().schedule(at + pairs.gap, sim_ports::OwnerId{},
                             [&world, second] { strike(world, second); });
}

}  // namespace ostraka::sim::internal
