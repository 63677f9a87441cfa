// A peer that is authenticated and wrong cannot bring a node down (Raft is not Byzantine: it may
// well bring a cluster to disagree).
#include "protocol/raft/testing/hostile.h"

#include "protocol/raft/testing/lone.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

namespace ostraka::protocol::raft::testing {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(HostilePeer, CannotBringTermsToTheirEnd) {
  Lone node;
  for (const MessageKind kind : {MessageKind::append, MessageKind::heartbeat, MessageKind::vote,
                                 MessageKind::append_ack, MessageKind::timeout_now}) {
    node.receive(Lone::make(2, kind, kMost));
    EXPECT_TRUE(node.out.message_refused);
  }
  EXPECT_EQ(node.term(), 0U);
  node.elect();  // in a term that is later, not earlier
  EXPECT_EQ(node.role(), Role::leader);
}

TEST(HostilePeer, MessagesOfNoKindAreRefused) {
  Lone node;
  for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{12}, std::uint8_t{255}}) {
    Message message = Lone::make(2, MessageKind::vote, 7);
    message.kind = kind;
    node.receive(message);
    EXPECT_TRUE(node.out.message_refused);
    EXPECT_EQ(node.term(), 0U) << "what is not understood is not believed";
  }
}

TEST(HostilePeer, IndicesDoNotWrap) {
  Lone node;
  Message append = Lone::append(1, kMost - 2, 0, {0, 0, 0, 1});
  node.receive(append);
  EXPECT_TRUE(node.out.message_refused);
  EXPECT_FALSE(node.out.append.present && !node.out.append.entries.empty());
}

TEST(HostilePeer, EntriesHaveATerm) {
  Lone node({.log = {1}, .term = 1});
  node.receive(Lone::append(1, 1, 1, {0}));
  EXPECT_TRUE(node.out.message_refused);
  node.receive(Lone::append(1, 5, 0, {1}));
  EXPECT_TRUE(node.out.message_refused) << "an entry that is there has a term";
}

SnapshotReceived snapshot(std::uint64_t leader_term, std::uint64_t index, std::uint64_t term) {
  return {
      .from = model::NodeId{2},
      .leader_term = model::Term{leader_term},
      .meta = {model::LogIndex{index}, model::Term{term},
               std::make_shared<const model::Configuration>(make_configuration({1, 2, 3}, {}))}};
}

TEST(HostilePeer, NoSnapshotIsLaterThanItsLeader) {
  Lone node;
  node.step(snapshot(2, 10, 3));
  EXPECT_TRUE(node.out.discard_snapshot);
  EXPECT_TRUE(node.out.message_refused);
  EXPECT_EQ(node.term(), 0U);
  node.step(snapshot(kMost, 10, 3));
  EXPECT_TRUE(node.out.discard_snapshot);
  node.step(snapshot(2, kMost, 2));
  EXPECT_TRUE(node.out.discard_snapshot);
  EXPECT_FALSE(node.out.install_snapshot.has_value());
}

// Else the entry that this leader itself has shown could be committed while the log is replaced.
TEST(HostilePeer, NoSnapshotContradictsWhatItsLeaderSent) {
  Lone node;
  node.receive(Lone::append(2, 0, 0, {1, 1, 2})).durable();
  node.step(snapshot(2, 2, 2));
  EXPECT_TRUE(node.out.discard_snapshot);
  EXPECT_TRUE(node.out.message_refused);
  EXPECT_FALSE(node.out.install_snapshot.has_value());
}

TEST(HostilePeer, OneTermHasOneLeader) {
  Lone node;
  node.receive(Lone::append(2, 0, 0, {2}));
  SnapshotReceived other = snapshot(2, 9, 2);
  other.from = model::NodeId{3};
  node.step(other);
  EXPECT_TRUE(node.out.message_refused);
  EXPECT_TRUE(node.out.discard_snapshot);
  EXPECT_EQ(node.raft->status().leader, model::NodeId{2});
}

TEST(HostilePeer, OnlyTheLeaderAnswersReads) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1}, 1)).durable();
  node.step(ReadBarrier{RequestId{5}});
  const auto asked = node.sent(MessageKind::read_request);
  ASSERT_EQ(asked.size(), 1U);
  Message answer = Lone::reply(asked[0], MessageKind::read_ack);
  answer.from = model::NodeId{3};
  node.receive(answer);
  EXPECT_TRUE(node.out.reads.empty()) << "a stale read";
  answer.from = model::NodeId{2};
  node.receive(answer);
  EXPECT_EQ(node.out.reads.size(), 1U);
}

TEST(HostilePeer, FiresNoAssertion) {
  EXPECT_EQ(protocol::testing::too_rare(protocol::testing::hostile_runs(hostile(), 10'000)), "");
}

}  // namespace
}  // namespace ostraka::protocol::raft::testing
