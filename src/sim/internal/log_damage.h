// Damage to the write-ahead log of a machine (scenario S13), and what a node must make of it
// (I-D4).
//
// Below what a later batch states as durable: the node refuses to serve and names file and offset.
// Behind the last batch, as a torn write leaves it: the node starts, and what it appends then
// survives further restarts. Format: docs/formats/wal.md. Threads: one.
#pragma once

#include "base/result.h"
#include "sim/world.h"

#include <string>

namespace ostraka::sim::internal {

// Kinds: middle (a byte of a batch), length (a length field of a batch), cut (the file ends inside
// acknowledged batches), tail (half a batch behind the last). The process is killed, the log
// damaged, a start judged; refused damage is undone and the node started again. Does nothing while
// the machine is off or its log too short. Errors: invalid_argument for an unknown kind.
[[nodiscard]] base::Status damage_log(World& world, const std::string& name,
                                      const std::string& kind);

}  // namespace ostraka::sim::internal
