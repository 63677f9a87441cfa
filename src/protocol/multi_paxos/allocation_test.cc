// The steady state allocates nothing.
#include "base/allocation_count_test.h"
#include "protocol/multi_paxos/testing/lone.h"

#include <gtest/gtest.h>

#include <vector>

namespace ostraka::protocol::multi_paxos::testing {
namespace {

constexpr std::uint64_t kWarmUp = 5000;
constexpr std::uint64_t kRounds = 10'000;

std::size_t g_in_steps = 0;  // allocations of the steps alone

void counted_step(Lone& node, const Event& event) {
  node.out.clear();
  const std::size_t before = base::testing::g_allocations;
  node.paxos->step(event, node.out);
  g_in_steps += base::testing::g_allocations - before;
}

TEST(Allocation, LeaderSteadyState) {
  Lone node;
  node.stand();
  const std::uint64_t ballot = node.ballot();
  node.receive(Lone::promise(2, ballot));
  const std::vector<Message> probes = node.sent(MessageKind::accept);
  ASSERT_EQ(probes.size(), 2U);
  node.durable();
  for (const Message& probe : probes) {
    Message answer = Lone::accepted(probe.to.value(), ballot, 1);
    answer.context = probe.context;
    node.receive(answer);
  }
  ASSERT_EQ(node.commit(), 1U);
  Message heartbeat_ack = Lone::make(2, MessageKind::heartbeat_ack, ballot);
  std::uint64_t last = 1;
  g_in_steps = 0;
  for (std::uint64_t i = 0; i < kWarmUp + kRounds; ++i) {
    if (i == kWarmUp) {
      g_in_steps = 0;
    }
    node.now = node.now + base::Duration::microseconds(100);
    counted_step(node, {node.now, Propose{RequestId{i}, 100}});
    ASSERT_EQ(node.out.proposed.size(), 1U);
    const Durable written{node.out.append.token, node.out.append.term, node.out.append.index};
    ++last;
    Message ack = Lone::accepted(i % 2 == 0 ? 2 : 3, ballot, last);
    counted_step(node, {node.now, Received{&ack}});
    counted_step(node, {node.now, written});
    ASSERT_EQ(node.out.apply_upto.value(), last);
    counted_step(node, {node.now, Applied{model::LogIndex{last}}});
    ack.from = model::NodeId{i % 2 == 0 ? 3U : 2U};
    counted_step(node, {node.now, Received{&ack}});
    counted_step(node, {node.now, ReadBarrier{RequestId{i}}});
    if (i % 100 == 0) {
      counted_step(node, {node.now, TimerFired{kHeartbeatTimer}});
      heartbeat_ack.context = node.out.send_now[0].context;
      heartbeat_ack.stamp = node.out.send_now[0].stamp;
      heartbeat_ack.flags = kFlagPromise;
      heartbeat_ack.index = heartbeat_ack.hint_index = model::LogIndex{last};
      counted_step(node, {node.now, Received{&heartbeat_ack}});
      counted_step(node, {node.now, LogCompacted{model::LogIndex{last}}});
    }
  }
  EXPECT_EQ(g_in_steps, 0U);
}

TEST(Allocation, FollowerSteadyState) {
  Lone node;
  const std::uint64_t ballot = b(1, 2);
  node.receive(Lone::accept(2, ballot, {{1, ballot}})).durable();
  Message accept = Lone::accept(2, ballot, {{2, ballot}});
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, ballot);
  heartbeat.flags = kFlagPromise;
  g_in_steps = 0;
  for (std::uint64_t i = 0; i < kWarmUp + kRounds; ++i) {
    if (i == kWarmUp) {
      g_in_steps = 0;
    }
    node.now = node.now + base::Duration::microseconds(100);
    accept.index = model::LogIndex{i + 1};
    accept.entries[0].index = model::LogIndex{i + 2};
    accept.commit = model::LogIndex{i + 1};
    counted_step(node, {node.now, Received{&accept}});
    const Durable written{node.out.append.token, node.out.append.term, node.out.append.index};
    counted_step(node, {node.now, written});
    ASSERT_EQ(node.out.send_now.size(), 1U);
    counted_step(node, {node.now, Applied{model::LogIndex{i + 1}}});
    if (i % 100 == 0) {
      heartbeat.context = i;
      counted_step(node, {node.now, Received{&heartbeat}});
      counted_step(node, {node.now, LogCompacted{model::LogIndex{i + 1}}});
    }
  }
  EXPECT_EQ(g_in_steps, 0U);
}

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
