// The part of raft.h that is a template.
#pragma once

#include "protocol/raft/raft.h"

#include <cstdint>

namespace ostraka::protocol::raft {

template <typename Of>
std::uint64_t Raft::quorum_value(Of of) const {
  return quorum::joint_value_of(peers_, of, scratch_);
}

}  // namespace ostraka::protocol::raft
