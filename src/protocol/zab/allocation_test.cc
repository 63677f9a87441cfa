// The steady state allocates nothing.
#include "base/allocation_count_test.h"
#include "protocol/zab/testing/lone.h"

#include <gtest/gtest.h>

namespace ostraka::protocol::zab::testing {
namespace {

constexpr std::uint64_t kWarmUp = 5000;
constexpr std::uint64_t kRounds = 10'000;

std::size_t g_in_steps = 0;  // allocations of the steps alone

void counted_step(Lone& node, const Event& event) {
  node.out.clear();
  const std::size_t before = base::testing::g_allocations;
  node.zab->step(event, node.out);
  g_in_steps += base::testing::g_allocations - before;
}

TEST(Allocation, LeaderSteadyState) {
  Lone node;
  node.lead();
  Message pong = Lone::make(2, MessageKind::pong, node.epoch());
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < kWarmUp + kRounds; ++i) {
    if (i == kWarmUp) {
      g_in_steps = 0;
    }
    node.now = node.now + base::Duration::microseconds(100);
    counted_step(node, {node.now, Propose{RequestId{i}, 100}});
    ASSERT_EQ(node.out.proposed.size(), 1U);
    const Durable written{node.out.append.token, node.out.append.term, node.out.append.index};
    ++last;
    const Message ack = node.ack(2, MessageKind::ack, last);
    Message to_node = ack;
    counted_step(node, {node.now, Received{&to_node}});
    counted_step(node, {node.now, written});
    ASSERT_EQ(node.out.apply_upto.value(), last);
    counted_step(node, {node.now, Applied{model::LogIndex{last}}});
    counted_step(node, {node.now, ReadBarrier{RequestId{i}}});
    if (i % 100 == 0) {
      counted_step(node, {node.now, TimerFired{kHeartbeatTimer}});
      for (const Message& ping : node.out.send_now) {
        pong.context = ping.context;
        pong.stamp = ping.stamp;
      }
      pong.flags = kFlagPromise;
      counted_step(node, {node.now, Received{&pong}});
      counted_step(node, {node.now, LogCompacted{model::LogIndex{last}}});
    }
  }
  EXPECT_EQ(g_in_steps, 0U);
}

TEST(Allocation, FollowerSteadyState) {
  Lone node;
  node.adopt(1, {1});
  node.receive(Lone::make(2, MessageKind::up_to_date, 1));
  Message propose = Lone::entries(MessageKind::propose, 1, 1, 1, {1});
  Message ping = Lone::established(2, 1);
  for (std::uint64_t i = 0; i < kWarmUp + kRounds; ++i) {
    if (i == kWarmUp) {
      g_in_steps = 0;
    }
    node.now = node.now + base::Duration::microseconds(100);
    propose.index = model::LogIndex{i + 1};
    propose.entries[0].index = model::LogIndex{i + 2};
    propose.commit = model::LogIndex{i + 1};
    counted_step(node, {node.now, Received{&propose}});
    const Durable written{node.out.append.token, node.out.append.term, node.out.append.index};
    counted_step(node, {node.now, written});
    ASSERT_EQ(node.out.send_now.size(), 1U);
    counted_step(node, {node.now, Applied{model::LogIndex{i + 1}}});
    if (i % 100 == 0) {
      ping.context = i;
      counted_step(node, {node.now, Received{&ping}});
      counted_step(node, {node.now, LogCompacted{model::LogIndex{i + 1}}});
    }
  }
  EXPECT_EQ(g_in_steps, 0U);
}

}  // namespace
}  // namespace ostraka::protocol::zab::testing
