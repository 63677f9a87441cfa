// The hybrid clock: order over clocks that differ, nearness to the wall clock, and its bound.
#include "protocol/clock/hybrid_clock.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

namespace ostraka::protocol::clock {
namespace {

constexpr base::Duration kBound = base::Duration::milliseconds(250);

base::WallTime wall(std::int64_t ms) { return base::WallTime::from_milliseconds(ms); }

TEST(HybridClock, FollowsTheWallAndCountsWithin) {
  HybridClock clock(kBound);
  EXPECT_EQ(clock.tick(wall(10)), (HybridStamp{10, 0}));
  EXPECT_EQ(clock.tick(wall(10)), (HybridStamp{10, 1}));
  EXPECT_EQ(clock.tick(wall(9)), (HybridStamp{10, 2}));
  EXPECT_EQ(clock.tick(wall(11)), (HybridStamp{11, 0}));
}

TEST(HybridClock, ReceptionIsBehindSending) {
  HybridClock behind(kBound);
  const auto received = behind.receive({100, 3}, wall(20));
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(*received, (HybridStamp{100, 4}));
  EXPECT_EQ(behind.tick(wall(30)), (HybridStamp{100, 5}));
}

TEST(HybridClock, RefusesWhatIsTooFarAheadAndStays) {
  HybridClock clock(kBound);
  clock.tick(wall(1000));
  EXPECT_TRUE(clock.receive({1250, 0}, wall(1000)).has_value());
  const auto refused = clock.receive({1251, 0}, wall(1000));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::ErrorCode::invalid_argument);
  EXPECT_EQ(clock.last(), (HybridStamp{1250, 1}));
}

TEST(HybridClock, ContinuesAboveWhatARestartKept) {
  HybridClock clock(kBound, {500, 7});
  EXPECT_EQ(clock.tick(wall(400)), (HybridStamp{500, 8}));
}

TEST(HybridClock, CarriesAnOverflowOfTheCounter) {
  HybridClock clock(kBound, {500, std::numeric_limits<std::uint32_t>::max()});
  EXPECT_EQ(clock.tick(wall(400)), (HybridStamp{501, 0}));
}

// Kulkarni and others 2014, theorem 2: the physical part is never beyond the highest wall time.
RC_GTEST_PROP(HybridClock, RisesAndStaysNear, ()) {
  HybridClock a(kBound);
  HybridClock b(kBound);
  HybridStamp last_a;
  HybridStamp last_b;
  std::int64_t highest = 0;
  std::int64_t now = 1000;
  for (int i = 0; i < 50; ++i) {
    now += *rc::gen::inRange<std::int64_t>(0, 3);
    const std::int64_t skew = *rc::gen::inRange<std::int64_t>(-20, 20);
    highest = std::max({highest, now, now + skew});
    const HybridStamp sent = a.tick(wall(now));
    const auto received = b.receive(sent, wall(now + skew));
    RC_ASSERT(received.has_value());
    RC_ASSERT(last_a < sent && sent < *received && last_b < *received);
    RC_ASSERT(received->physical_ms <= highest && received->physical_ms >= now + skew);
    last_a = sent;
    last_b = *received;
  }
}

}  // namespace
}  // namespace ostraka::protocol::clock
