// What the simulator knows of each engine: its probe, and the family of its planted bugs.
//
// Another engine is a line in engines.cc. Threads: none; constants.
#pragma once

#include "protocol/core/engine_probe.h"

#include <span>
#include <string_view>

namespace ostraka::sim {

struct EngineEntry {
  std::string_view family;  // of its mutants: raft, paxos, zab
  const protocol::EngineProbe* probe = nullptr;
};

[[nodiscard]] std::span<const EngineEntry> engines();
// By its name on the command line; null when there is none.
[[nodiscard]] const protocol::EngineProbe* engine_named(std::string_view name);
// What runs when nobody says otherwise.
[[nodiscard]] const protocol::EngineProbe& default_engine();

}  // namespace ostraka::sim
