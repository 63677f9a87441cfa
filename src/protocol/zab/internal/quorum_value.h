// The part of zab.h that is a template.
#pragma once

#include "protocol/zab/zab.h"

#include <cstdint>
#include <span>

namespace ostraka::protocol::zab {

template <typename Of>
std::uint64_t Zab::quorum_value(Of of) const {
  scratch_.clear();
  for (const Peer& peer : peers_) {
    if (peer.incoming) {
      scratch_.push_back(of(peer));
    }
  }
  const std::size_t incoming = scratch_.size();
  for (const Peer& peer : peers_) {
    if (peer.outgoing) {
      scratch_.push_back(of(peer));
    }
  }
  const std::span<std::uint64_t> all(scratch_);
  return quorum::joint_value(all.first(incoming), all.subspan(incoming));
}

template <typename Is>
bool Zab::is_quorum(Is is) const {
  return quorum_value([&is](const Peer& peer) { return std::uint64_t{is(peer) ? 1U : 0U}; }) == 1;
}

}  // namespace ostraka::protocol::zab
