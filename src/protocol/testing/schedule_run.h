// A schedule of correct nodes spelled by arbitrary bytes: messages late, reordered, duplicated and
// lost, disks that take long, crashes, requests. The invariants judge every step.
#pragma once

#include "base/bytes.h"
#include "protocol/core/engine_probe.h"

#include <optional>
#include <string>

namespace ostraka::protocol::testing {

// The first violation, or nothing.
[[nodiscard]] std::optional<std::string> schedule_run(const EngineProbe& engine,
                                                      base::ByteView script);

}  // namespace ostraka::protocol::testing
