// What Multi-Paxos's messages look like to a peer that is authenticated and wrong (faults: F10).
#pragma once

#include "protocol/multi_paxos/probe.h"
#include "protocol/multi_paxos/types.h"
#include "protocol/testing/hostile_run.h"

#include <array>
#include <cstdint>

namespace ostraka::protocol::multi_paxos::testing {

inline model::Term ballot_of(model::Term ballot, model::NodeId from) {
  const model::Term lowest = make_ballot(round_of(ballot), from);
  return lowest < ballot ? make_ballot(round_of(ballot) + 1, from) : lowest;
}

inline const protocol::testing::HostileEngine& hostile() {
  static constexpr std::array kCarriers{static_cast<std::uint8_t>(MessageKind::promise),
                                        static_cast<std::uint8_t>(MessageKind::accept)};
  static const protocol::testing::HostileEngine kHostile{
      .probe = &probe(),
      .carriers = kCarriers,
      .answer_flags = kFlagPromise | kFlagLast,
      .answer_to = [](std::uint8_t kind) { return static_cast<std::uint8_t>(kind + 1); },
      .term_of = ballot_of};
  return kHostile;
}

}  // namespace ostraka::protocol::multi_paxos::testing
