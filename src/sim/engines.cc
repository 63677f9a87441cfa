#include "sim/engines.h"

#include "protocol/multi_paxos/probe.h"
#include "protocol/raft/probe.h"
#include "protocol/zab/probe.h"

#include <algorithm>
#include <array>

namespace ostraka::sim {

std::span<const EngineEntry> engines() {
  static const std::array<EngineEntry, 3> kEngines{{
      {"raft", &protocol::raft::probe()},
      {"paxos", &protocol::multi_paxos::probe(), protocol::multi_paxos::round_of},
      {"zab", &protocol::zab::probe()},
  }};
  return kEngines;
}

const protocol::EngineProbe* engine_named(std::string_view name) {
  const auto known = engines();
  const auto found =
      std::ranges::find(known, name, [](const EngineEntry& entry) { return entry.probe->name; });
  return found == known.end() ? nullptr : found->probe;
}

std::uint64_t round_of(const protocol::EngineProbe& engine, model::Term term) {
  const auto found = std::ranges::find(engines(), &engine, &EngineEntry::probe);
  return found == engines().end() || found->round_of == nullptr ? term.value()
                                                                : found->round_of(term);
}

const protocol::EngineProbe& default_engine() { return *engines().front().probe; }

}  // namespace ostraka::sim
