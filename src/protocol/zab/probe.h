// ZAB as the simulator and the tests see it (protocol/core/engine_probe.h). Not part of a server.
#pragma once

#include "protocol/core/engine_probe.h"

namespace ostraka::protocol::zab {

[[nodiscard]] const EngineProbe& probe();

}  // namespace ostraka::protocol::zab
