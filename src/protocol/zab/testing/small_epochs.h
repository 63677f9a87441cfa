// ZAB whose zxids have a small counter, so that every run sees it overflow.
#pragma once

#include "protocol/zab/invariants.h"
#include "protocol/zab/probe.h"

#include <cstdint>
#include <memory>

namespace ostraka::protocol::zab::testing {

inline constexpr std::uint64_t kSmallEpoch = 12;

inline const EngineProbe& small_epochs() {
  static const EngineProbe kSmall = [] {
    EngineProbe engine = probe();
    engine.make = [](const ProtocolParts& parts) {
      ProtocolParts small = parts;
      small.settings.max_epoch_entries = kSmallEpoch;
      return probe().make(small);
    };
    engine.make_invariants = []() -> std::unique_ptr<ClusterInvariants> {
      return std::make_unique<Invariants>(kSmallEpoch);
    };
    return engine;
  }();
  return kSmall;
}

}  // namespace ostraka::protocol::zab::testing
