#include "protocol/core/lease.h"

#include <algorithm>

namespace ostraka::protocol {

base::Duration lease_of_leader(const Settings& settings) {
  const std::int64_t drift = settings.clock_drift_per_mille;
  const std::int64_t ns = settings.lease.as_nanoseconds();
  return base::Duration::nanoseconds(drift >= 1000 ? 0 : ns / (1000 + drift) * (1000 - drift));
}

std::uint64_t lease_stamp_value(base::Instant stamp) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(stamp.as_nanoseconds(), 0));
}

base::Instant lease_end(std::uint64_t stamp, base::Duration lease) {
  if (stamp == kOwnLeaseStamp) {
    return base::Instant::never();
  }
  return stamp == 0 ? base::Instant{}
                    : base::Instant::from_nanoseconds(static_cast<std::int64_t>(stamp)) + lease;
}

}  // namespace ostraka::protocol
