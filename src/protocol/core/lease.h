// The leader's lease, which is the voters' promise: a quorum that answered a heartbeat sent at s
// helps no other leader until `lease` after it received it, on its own clock. So the leader is
// alone until s + lease * (1 - d) / (1 + d) on its clock, d being the allowed error of both clocks.
//
// Which quorum promised what is the engine's part. Pure functions; no threads.
#pragma once

#include "base/time.h"
#include "protocol/core/protocol.h"

#include <cstdint>

namespace ostraka::protocol {

// Counted from the sending: lease * (1 - d) / (1 + d).
[[nodiscard]] base::Duration lease_of_leader(const Settings& settings);

// When a voter's newest promise was asked for, as a value that a quorum reaches (protocol/quorum):
// 0 = it gave none; the leader's own never ends.
inline constexpr std::uint64_t kOwnLeaseStamp =
    static_cast<std::uint64_t>(base::Instant::never().as_nanoseconds());
[[nodiscard]] std::uint64_t lease_stamp_value(base::Instant stamp);

// The end of the lease from what a quorum has reached: never = nobody else is needed; the origin =
// none.
[[nodiscard]] base::Instant lease_end(std::uint64_t stamp, base::Duration lease);

}  // namespace ostraka::protocol
