#include "protocol/core/lease.h"

#include <gtest/gtest.h>

namespace ostraka::protocol {
namespace {

TEST(Lease, IsShorterThanThePromiseByBothClocksErrors) {
  Settings settings;
  settings.lease = base::Duration::nanoseconds(1010);
  settings.clock_drift_per_mille = 10;
  EXPECT_EQ(lease_of_leader(settings), base::Duration::nanoseconds(990));
  settings.clock_drift_per_mille = 0;
  EXPECT_EQ(lease_of_leader(settings), base::Duration::nanoseconds(1000));
  settings.clock_drift_per_mille = 1000;
  EXPECT_EQ(lease_of_leader(settings), base::Duration{});
}

TEST(Lease, CountsFromTheSending) {
  const base::Duration lease = base::Duration::nanoseconds(100);
  const base::Instant sent = base::Instant::from_nanoseconds(7);
  EXPECT_EQ(lease_end(lease_stamp_value(sent), lease), sent + lease);
  EXPECT_EQ(lease_end(lease_stamp_value(base::Instant{}), lease), base::Instant{});
  EXPECT_EQ(lease_end(kOwnLeaseStamp, lease), base::Instant::never());
}

}  // namespace
}  // namespace ostraka::protocol
