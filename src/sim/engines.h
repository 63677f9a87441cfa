// What the simulator knows of each engine: its probe, and the family of its planted bugs.
//
// Another engine is a line in engines.cc. Threads: none; constants.
#pragma once

#include "protocol/core/engine_probe.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace ostraka::sim {

struct EngineEntry {
  std::string_view family;  // of its mutants: raft, paxos, zab
  const protocol::EngineProbe* probe = nullptr;
  // Of a term: how many elections it stands for; null: its number.
  std::uint64_t (*round_of)(model::Term) = nullptr;
};

[[nodiscard]] std::span<const EngineEntry> engines();
// By its name on the command line; null when there is none.
[[nodiscard]] const protocol::EngineProbe* engine_named(std::string_view name);
[[nodiscard]] std::uint64_t round_of(const protocol::EngineProbe& engine, model::Term term);
// What runs when nobody says otherwise.
[[nodiscard]] const protocol::EngineProbe& default_engine();

}  // namespace ostraka::sim
