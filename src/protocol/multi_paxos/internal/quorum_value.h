// The part of multi_paxos.h that is a template.
#pragma once

#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace ostraka::protocol::multi_paxos {

template <typename Of>
std::uint64_t MultiPaxos::quorum_value(Electorate electorate, Phase phase, Of of) const {
  std::uint64_t reached = std::numeric_limits<std::uint64_t>::max();
  for (const bool outgoing : {false, true}) {
    if (electorate == (outgoing ? Electorate::incoming : Electorate::outgoing)) {
      continue;
    }
    scratch_.clear();
    for (const Peer& peer : peers_) {
      if (outgoing ? peer.outgoing : peer.incoming) {
        scratch_.push_back(of(peer));
      }
    }
    reached = std::min(reached, quorum::value_held_by(scratch_, needed(outgoing, phase)));
  }
  return reached;
}

}  // namespace ostraka::protocol::multi_paxos
