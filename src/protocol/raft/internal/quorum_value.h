// The part of raft.h that is a template.
#pragma once

#include "protocol/raft/raft.h"

#include <cstdint>
#include <span>

namespace ostraka::protocol::raft {

template <typename Of>
std::uint64_t Raft::quorum_value(Of of) const {
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

}  // namespace ostraka::protocol::raft
