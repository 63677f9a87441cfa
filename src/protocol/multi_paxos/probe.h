// Multi-Paxos as the simulator and the tests see it (protocol/core/engine_probe.h). Not part of a
// server.
#pragma once

#include "protocol/core/engine_probe.h"
#include "protocol/multi_paxos/types.h"

namespace ostraka::protocol::multi_paxos {

// With majorities and a window of kProbeTuning.alpha slots, so that changes end within a test.
[[nodiscard]] const EngineProbe& probe();
inline constexpr Tuning kProbeTuning{.phase1 = 0, .phase2 = 0, .alpha = 32};

// Five voters: four elect, two choose.
[[nodiscard]] const EngineProbe& flexible_probe();
inline constexpr Tuning kFlexibleTuning{.phase1 = 4, .phase2 = 2, .alpha = 32};

}  // namespace ostraka::protocol::multi_paxos
