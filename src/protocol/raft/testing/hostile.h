// What Raft's messages look like to a peer that is authenticated and wrong (faults: F10).
#pragma once

#include "protocol/raft/probe.h"
#include "protocol/raft/types.h"
#include "protocol/testing/hostile_run.h"

#include <array>
#include <cstdint>

namespace ostraka::protocol::raft::testing {

inline const protocol::testing::HostileEngine& hostile() {
  static constexpr std::array kCarriers{static_cast<std::uint8_t>(MessageKind::append)};
  static const protocol::testing::HostileEngine kHostile{
      .probe = &probe(),
      .carriers = kCarriers,
      .answer_flags = kFlagPromise,
      .answer_to = [](std::uint8_t kind) { return static_cast<std::uint8_t>(kind + 1); },
      .term_of = nullptr};
  return kHostile;
}

}  // namespace ostraka::protocol::raft::testing
