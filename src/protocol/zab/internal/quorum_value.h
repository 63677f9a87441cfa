// The part of zab.h that is a template.
#pragma once

#include "protocol/zab/zab.h"

#include <cstdint>

namespace ostraka::protocol::zab {

template <typename Of>
std::uint64_t Zab::quorum_value(Of of) const {
  return quorum::joint_value_of(peers_, of, scratch_);
}

template <typename Is>
bool Zab::is_quorum(Is is) const {
  return quorum_value([&is](const Peer& peer) { return std::uint64_t{is(peer) ? 1U : 0U}; }) == 1;
}

}  // namespace ostraka::protocol::zab
