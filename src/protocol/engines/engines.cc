#include "protocol/engines/engines.h"

#include "protocol/multi_paxos/multi_paxos.h"
#include "protocol/raft/raft.h"
#include "protocol/zab/zab.h"

#include <algorithm>
#include <array>

namespace ostraka::protocol {
namespace {

std::unique_ptr<Protocol> make_raft(const ProtocolParts& parts) {
  return std::make_unique<raft::Raft>(parts.self, parts.settings, parts.recovered, parts.seed,
                                      parts.now);
}

std::unique_ptr<Protocol> make_multi_paxos(const ProtocolParts& parts) {
  return std::make_unique<multi_paxos::MultiPaxos>(parts.self, parts.settings, parts.recovered,
                                                   parts.seed, parts.now);
}

std::unique_ptr<Protocol> make_zab(const ProtocolParts& parts) {
  return std::make_unique<zab::Zab>(parts.self, parts.settings, parts.recovered, parts.seed,
                                    parts.now);
}

constexpr std::array<Engine, 3> kEngines{{
    {"raft", 1, make_raft},
    {"multi-paxos", 2, make_multi_paxos, true},
    {"zab", 3, make_zab},
}};

}  // namespace

std::span<const Engine> engines() { return kEngines; }

const Engine* find_engine(std::string_view name) {
  const auto* const found = std::ranges::find(kEngines, name, &Engine::name);
  return found == kEngines.end() ? nullptr : found;
}

const Engine* find_engine(std::uint8_t number) {
  const auto* const found = std::ranges::find(kEngines, number, &Engine::number);
  return found == kEngines.end() ? nullptr : found;
}

std::string engine_names() {
  std::string names;
  for (const Engine& engine : kEngines) {
    names += (names.empty() ? "" : ", ") + std::string(engine.name);
  }
  return names;
}

}  // namespace ostraka::protocol
