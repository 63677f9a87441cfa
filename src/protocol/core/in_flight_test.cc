#include "protocol/core/in_flight.h"

#include "protocol/core/lazy_timer.h"

#include <gtest/gtest.h>

namespace ostraka::protocol {
namespace {

TEST(InFlight, IsFullByMessagesOrByBytes) {
  Settings settings;
  settings.max_in_flight_messages = 2;
  settings.max_in_flight_bytes = 100;
  InFlight window;
  window.add(model::LogIndex{1}, 10);
  EXPECT_FALSE(window.is_full(settings));
  window.add(model::LogIndex{3}, 10);
  EXPECT_TRUE(window.is_full(settings));
  window.acknowledge(model::LogIndex{2});  // the second message is not there as a whole
  EXPECT_FALSE(window.is_full(settings));
  window.acknowledge(model::LogIndex{3});
  EXPECT_TRUE(window.empty());
  window.add(model::LogIndex{4}, 100);
  EXPECT_TRUE(window.is_full(settings));
  window.clear();
  EXPECT_FALSE(window.is_full(settings));
}

TEST(InFlight, PatienceGrowsUpToAnElectionTimeout) {
  const Settings settings;
  EXPECT_EQ(first_patience(settings), settings.election_timeout_min / 2);
  EXPECT_EQ(next_patience({}, settings), settings.heartbeat_interval);
  EXPECT_EQ(next_patience(settings.heartbeat_interval, settings), settings.heartbeat_interval * 2);
  EXPECT_EQ(next_patience(settings.election_timeout_max, settings), settings.election_timeout_max);
}

TEST(LazyTimer, MovesOnlyToAnEarlierTime) {
  const auto at = [](std::int64_t ms) {
    return base::Instant{} + base::Duration::milliseconds(ms);
  };
  LazyTimer timer(TimerId{7});
  Effects out;
  timer.arm(base::Instant::never(), out);
  EXPECT_TRUE(out.timers.empty());
  timer.arm(at(10), out);
  timer.arm(at(20), out);
  ASSERT_EQ(out.timers.size(), 1U);
  EXPECT_EQ(out.timers[0].id, TimerId{7});
  EXPECT_EQ(out.timers[0].deadline, at(10));
  timer.arm(at(5), out);
  EXPECT_EQ(out.timers.size(), 2U);
  timer.fired();
  timer.arm(at(20), out);
  EXPECT_EQ(out.timers.size(), 3U);
}

}  // namespace
}  // namespace ostraka::protocol
