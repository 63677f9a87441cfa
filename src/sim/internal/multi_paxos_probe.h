// The minimal Multi-Paxos as the simulator sees it: it has no invariants of its own, so that only
// the states and the clients' histories judge it. Threads: none.
#pragma once

#include "protocol/core/engine_probe.h"

namespace ostraka::sim::internal {

[[nodiscard]] const protocol::EngineProbe& multi_paxos_probe();

}  // namespace ostraka::sim::internal
