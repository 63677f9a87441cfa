// A peer that is authenticated and wrong cannot bring a node down (ZAB is not Byzantine: it may
// well bring a cluster to disagree).
#include "protocol/zab/testing/hostile.h"

#include "protocol/zab/testing/lone.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

namespace ostraka::protocol::zab::testing {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(HostilePeer, CannotBringEpochsToTheirEnd) {
  Lone node;
  for (const MessageKind kind : {MessageKind::notification, MessageKind::new_epoch,
                                 MessageKind::ping, MessageKind::propose, MessageKind::hand_over}) {
    Message message = Lone::make(2, kind, kMost);
    message.flags = kFlagEstablished;
    message.hint_index = model::LogIndex{2};
    node.receive(message);
    EXPECT_TRUE(node.out.message_refused);
  }
  EXPECT_EQ(node.epoch(), 0U);
  node.lead();  // in an epoch that is later, not earlier
  EXPECT_EQ(node.role(), Role::leader);
}

TEST(HostilePeer, MessagesOfNoKindAreRefused) {
  Lone node;
  for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{16}, std::uint8_t{255}}) {
    Message message = Lone::make(2, MessageKind::ping, 7);
    message.kind = kind;
    node.receive(message);
    EXPECT_TRUE(node.out.message_refused);
    EXPECT_EQ(node.epoch(), 0U) << "what is not understood is not believed";
  }
}

TEST(HostilePeer, IndicesDoNotWrap) {
  Lone node;
  node.accept(1);
  node.receive(Lone::entries(MessageKind::new_leader, 1, kMost - 2, 1, {1, 1, 1, 1}));
  EXPECT_TRUE(node.out.message_refused);
  EXPECT_FALSE(node.out.append.present);
}

// Else the entry that this leader itself has shown could be committed while the log is replaced.
TEST(HostilePeer, NoSnapshotContradictsWhatItsLeaderSent) {
  Lone node;
  node.adopt(2, {1, 1, 2});
  SnapshotReceived other{.from = model::NodeId{2},
                         .leader_term = model::Term{2},
                         .meta = {model::LogIndex{2}, model::Term{2},
                                  std::make_shared<const model::Configuration>(
                                      protocol::testing::make_configuration({1, 2, 3}, {}))}};
  node.step(other);
  EXPECT_TRUE(node.out.discard_snapshot);
  EXPECT_TRUE(node.out.message_refused);
  EXPECT_FALSE(node.out.install_snapshot.has_value());
}

// Of an acknowledgement that names what was never sent, nothing is believed.
TEST(HostilePeer, AcknowledgesNothingThatWasNotSent) {
  Lone node;
  node.discover();
  node.durable();
  Message ack = node.ack(2, MessageKind::ack_new_leader, 0);
  ack.hint_index = model::LogIndex{5};
  node.receive(ack);
  EXPECT_TRUE(node.out.message_refused);
  Message pong = node.ack(2, MessageKind::pong, 0);
  node.receive(pong).step(Applied{});
  EXPECT_EQ(node.role(), Role::candidate) << "nor that it has adopted the epoch";
}

TEST(HostilePeer, FiresNoAssertion) {
  EXPECT_EQ(protocol::testing::too_rare(protocol::testing::hostile_runs(hostile(), 30'000)), "");
}

}  // namespace
}  // namespace ostraka::protocol::zab::testing
