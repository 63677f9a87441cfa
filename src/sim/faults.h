// The faults that a scenario can name, carried out on a world.
#pragma once

#include "base/prng.h"
#include "base/result.h"
#include "sim/scenario.h"
#include "sim/world.h"

#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim {

// One fault now: crash WHO process|power, restart WHO, pause WHO MS, cut WHO WHO, cut_one_way WHO
// WHO, isolate WHO, heal,
// reset WHO WHO, reject WHO WHO, retire WHO, slow_link WHO WHO MS, transfer WHO, clock WHO
// jump|rate N, disk WHO full|free|slow|fail_sync|fail_writes, rot WHO PATH OFFSET, wipe WHO, damage
// WHO middle|length|cut|tail (internal/log_damage.h), lose_replies, member, unknown_entry
// (internal/compound_faults.h). Errors: invalid_argument.
[[nodiscard]] base::Status carry_out(World& world, const std::vector<std::string>& words);

// One fault of a kind that `random` knows, on machines drawn by the world's generator; it ends by
// itself.
void strike(World& world, const std::string& kind);

// Draws faults of the given kinds until the end of its time: each ends by itself after a while.
void schedule_random_faults(World& world, const RandomFaults& faults);

}  // namespace ostraka::sim
