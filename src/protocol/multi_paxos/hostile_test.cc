// A peer that is authenticated and wrong cannot bring a node down (Multi-Paxos is not Byzantine: it
// may well bring a cluster to disagree).
#include "protocol/multi_paxos/testing/hostile.h"

#include "protocol/multi_paxos/testing/lone.h"

#include <gtest/gtest.h>

#include <limits>

namespace ostraka::protocol::multi_paxos::testing {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(HostilePeer, BallotsBelongToTheirProposers) {
  Lone node;
  for (const MessageKind kind : {MessageKind::prepare, MessageKind::accept, MessageKind::heartbeat,
                                 MessageKind::timeout_now}) {
    Message message = Lone::make(2, kind, b(7, 3));
    message.index = model::LogIndex{1};
    node.receive(message);
    EXPECT_TRUE(node.out.message_refused);
  }
  EXPECT_EQ(node.ballot(), 0U);
}

TEST(HostilePeer, OrdinalsDoNotWrap) {
  Lone node;
  node.receive(Lone::make(2, MessageKind::heartbeat, kMost));
  EXPECT_TRUE(node.out.message_refused);
  node.receive(Lone::accept(2, b(1, 2), {{kMost, b(1, 2)}}));
  EXPECT_TRUE(node.out.message_refused);
  node.receive(Lone::accept(2, b(1, 2), {{kSlotsAheadMax + 2, b(1, 2)}}));
  EXPECT_TRUE(node.out.message_refused) << "no place for it";
  node.receive(Lone::accept(2, b(2, 2), {{1, b(1, 2)}}));
  EXPECT_TRUE(node.out.message_refused) << "of an older ballot and not chosen";
}

TEST(HostilePeer, FiresNoAssertion) {
  EXPECT_EQ(protocol::testing::too_rare(protocol::testing::hostile_runs(hostile(), 10'000)), "");
}

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
