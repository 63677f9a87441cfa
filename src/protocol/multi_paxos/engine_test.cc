// Single rules.
#include "base/prng.h"
#include "protocol/multi_paxos/probe.h"
#include "protocol/multi_paxos/testing/lone.h"
#include "protocol/testing/random_run.h"

#include <gtest/gtest.h>

namespace ostraka::protocol::multi_paxos::testing {
namespace {

TEST(Tuning, QuorumsThatDoNotMeetAreRefused) {
  EXPECT_TRUE(is_usable({}, 3));
  EXPECT_TRUE(is_usable({.phase1 = 4, .phase2 = 2, .alpha = 16}, 5));
  EXPECT_TRUE(is_usable({.phase1 = 0, .phase2 = 2, .alpha = 16}, 5));
  EXPECT_FALSE(is_usable({.phase1 = 3, .phase2 = 2, .alpha = 16}, 5));
  EXPECT_FALSE(is_usable({.phase1 = 4, .phase2 = 2, .alpha = 16}, 6));
  EXPECT_FALSE(is_usable({.phase1 = 0, .phase2 = 6, .alpha = 16}, 5));
  EXPECT_FALSE(is_usable({.phase1 = 0, .phase2 = 0, .alpha = 1}, 3));
}

TEST(Tuning, AChangeThatTheQuorumsDoNotFitIsRefused) {
  Lone node({.voters = {1, 2, 3}, .tuning = {.phase1 = 3, .phase2 = 1, .alpha = 16}});
  node.stand();
  node.receive(Lone::promise(2, node.ballot())).receive(Lone::promise(3, node.ballot())).durable();
  ASSERT_EQ(node.role(), Role::leader);
  EXPECT_EQ(node.commit(), 1U) << "one acceptor chooses";
  node.step(ChangeMembership{RequestId{7},
                             std::make_shared<const model::Configuration>(
                                 protocol::testing::make_configuration({1, 2, 3, 4}, {})),
                             false});
  ASSERT_EQ(node.out.failed.size(), 1U);
  EXPECT_EQ(node.out.failed[0].code, base::ErrorCode::invalid_argument);
}

TEST(Tuning, FlexibleQuorumsKeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    protocol::testing::ClusterOptions options;
    options.engine = &flexible_probe();
    options.seed = seed;
    options.voters = 5;
    options.loss_per_mille = 20;
    protocol::testing::Cluster cluster(options);
    base::Prng prng(seed);
    cluster.start();
    for (int i = 0; i < 60 && !cluster.violation(); ++i) {
      const auto node = static_cast<std::uint32_t>(prng.between(1, 5));
      if (prng.chance(1, 8)) {
        cluster.crash(node);
      } else if (prng.chance(1, 2)) {
        cluster.restart(node);
      }
      for (std::uint32_t id = 1; id <= 5; ++id) {
        cluster.propose(id);
        cluster.read(id);
      }
      cluster.run_for(prng.between(1'000, 200'000));
    }
    ASSERT_FALSE(cluster.violation().has_value())
        << "seed " << seed << ": " << *cluster.violation();
    for (std::uint32_t id = 1; id <= 5; ++id) {
      cluster.restart(id);
    }
    cluster.run_for(5'000'000);
    ASSERT_NE(cluster.leader(), 0U) << "seed " << seed;
    EXPECT_GT(cluster.protocol_of(cluster.leader())->commit_index().value(), 1U);
  }
}

TEST(Phase1, ReportsComeInPieces) {
  Lone node({.log = {b(1, 2), b(1, 2), 0, b(1, 3)},
             .promised = b(1, 3),
             .settings = {.max_message_bytes = 1}});
  node.after(2000);
  Message prepare = Lone::make(2, MessageKind::prepare, b(2, 2));
  prepare.index = model::LogIndex{1};
  node.receive(prepare);
  EXPECT_TRUE(node.out.send_now.empty()) << "the promise is on disk first";
  auto pieces = node.sent(MessageKind::promise);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].entries.size(), 1U);
  EXPECT_EQ(pieces[0].flags & kFlagLast, 0);
  node.durable();
  prepare.index = model::LogIndex{3};
  node.receive(prepare);
  pieces = node.sent(MessageKind::promise);
  ASSERT_EQ(pieces.size(), 1U);
  ASSERT_EQ(pieces[0].entries.size(), 1U);
  EXPECT_EQ(pieces[0].entries[0].index, model::LogIndex{4});
  EXPECT_NE(pieces[0].flags & kFlagLast, 0);
}

TEST(Phase1, WhatIsReportedIsDurableBeforeItIsProposed) {
  Lone node;
  node.stand();
  const std::uint64_t ballot = node.ballot();
  node.receive(Lone::promise(2, ballot, {{1, b(0, 3)}, {3, b(0, 2)}}));
  EXPECT_EQ(node.role(), Role::candidate);
  ASSERT_EQ(node.out.append.entries.size(), 2U);
  EXPECT_EQ(node.out.append.entries[0].term.value(), b(0, 3)) << "at the ballot that it had";
  node.durable();
  EXPECT_EQ(node.role(), Role::leader);
  ASSERT_EQ(node.out.append.entries.size(), 4U);
  EXPECT_EQ(node.out.append.entries[1].kind, EntryKind::noop);
  EXPECT_EQ(node.out.append.entries[2].term.value(), ballot);
}

TEST(Acceptor, AcceptsBehindAGapAndAcknowledgesARange) {
  Lone node;
  node.receive(Lone::accept(2, b(1, 2), {{3, b(1, 2)}}));
  const auto answers = node.sent(MessageKind::accepted);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(node.out.send_now.empty());
  const Message& range = answers.back().flags == kFlagRange ? answers.back() : answers.front();
  EXPECT_EQ(range.index, model::LogIndex{3});
  node.durable().receive(Lone::accept(2, b(1, 2), {{1, b(1, 2)}, {2, b(1, 2)}}, 2)).durable();
  EXPECT_EQ(node.commit(), 2U);
  EXPECT_EQ(node.out.apply_upto, model::LogIndex{2});
  const auto cumulative = node.sent(MessageKind::accepted);
  ASSERT_EQ(cumulative.size(), 1U);
  EXPECT_EQ(cumulative[0].index, model::LogIndex{3});
}

TEST(Acceptor, RefusesLowerBallots) {
  Lone node;
  node.receive(Lone::accept(3, b(5, 3), {{1, b(5, 3)}})).durable();
  node.receive(Lone::accept(2, b(4, 2), {{2, b(4, 2)}}));
  EXPECT_FALSE(node.out.append.present);
  const auto answers = node.sent(MessageKind::accepted);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].reject);
  EXPECT_EQ(answers[0].term.value(), b(5, 3));
}

// The answer tells of what was sent before the question, and nothing of what was sent since.
TEST(Leader, DoesNotTakeWhatItSentSinceAQuestionForLost) {
  Lone node;
  const auto to_2 = [&node] {
    std::vector<Message> sent = node.sent(MessageKind::accept);
    std::erase_if(sent, [](const Message& each) { return each.to != model::NodeId{2}; });
    return sent;
  };
  const auto answer = [&node](std::uint64_t upto, std::uint64_t context) {
    Message message = Lone::accepted(2, node.ballot(), upto);
    message.context = context;
    node.receive(message);
  };
  node.stand().receive(Lone::promise(2, node.ballot()));
  ASSERT_EQ(to_2().size(), 1U);
  answer(1, to_2()[0].context);
  node.durable().step(Propose{RequestId{1}, 1});
  EXPECT_EQ(to_2().size(), 1U) << "sent ahead";
  node.after(300).step(TimerFired{kHeartbeatTimer});
  Message heard = Lone::make(2, MessageKind::heartbeat_ack, node.ballot());
  heard.context = node.sent(MessageKind::heartbeat).at(0).context;
  heard.index = heard.hint_index = model::LogIndex{1};
  node.receive(heard);
  ASSERT_EQ(to_2().size(), 1U);
  const Message question = to_2()[0];
  EXPECT_TRUE(question.entries.empty());
  node.step(Propose{RequestId{2}, 1});
  EXPECT_EQ(to_2().size(), 1U) << "sent ahead, behind the question";
  answer(2, question.context);
  EXPECT_TRUE(to_2().empty()) << "nothing is lost";
}

// The leader that made it the only voter may still read by the promise of its earlier life.
TEST(Acceptor, ASoleVoterKeepsItsPromiseToAnother) {
  Lone node({.voters = {1}, .promised = b(6, 3)});
  EXPECT_EQ(node.role(), Role::follower);
  node.after(240).step(TimerFired{kElectionTimer});
  EXPECT_EQ(node.role(), Role::follower);
  node.after(560).step(TimerFired{kElectionTimer}).durable();
  EXPECT_EQ(node.role(), Role::leader);
}

TEST(Acceptor, ASoleVoterThatLedLeadsAtOnce) {
  Lone node({.voters = {1}, .promised = b(6, 1)});
  EXPECT_EQ(node.role(), Role::candidate);
  node.durable();
  EXPECT_EQ(node.role(), Role::leader);
}

TEST(Acceptor, TellsAWrongHistoryOfItsOwnDisk) {
  Lone node({.log = {b(1, 2)}, .promised = b(1, 2)});
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, b(1, 2));
  heartbeat.hint_index = model::LogIndex{5};
  node.receive(heartbeat);
  ASSERT_TRUE(node.out.log_lost.has_value());
  EXPECT_EQ(node.out.log_lost->acknowledged, model::LogIndex{5});
}

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
