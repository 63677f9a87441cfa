// The papers, phase by phase: each test is what one of their sentences asks for.
#include "protocol/zab/testing/lone.h"

#include <gtest/gtest.h>

namespace ostraka::protocol::zab::testing {
namespace {

bool is(const Message& message, MessageKind kind) {
  return message.kind == static_cast<std::uint8_t>(kind);
}

// ---- Phase 0: fast leader election (Medeiros, 4.2) ----

struct Order {
  std::uint64_t epoch;
  std::uint64_t log_term;
  std::uint64_t index;
  std::uint32_t id;
  bool better;  // than epoch 2, history (3, epoch 2), node 1
};

TEST(Election, AVoteIsBetterByEpochThenZxidThenIdentity) {
  for (const Order& order :
       {Order{3, 1, 1, 2, true}, Order{1, 4, 9, 2, false}, Order{2, 3, 1, 2, true},
        Order{2, 1, 9, 2, false}, Order{2, 2, 4, 2, true}, Order{2, 2, 2, 3, false},
        Order{2, 2, 3, 2, true}}) {
    Lone node({.log = {1, 2, 2}, .accepted = 2, .current = 2});
    Message other = Lone::notification(2, order.id, kLooking, 1);
    other.hint_term = model::Term{order.epoch};
    other.log_term = model::Term{order.log_term};
    other.index = model::LogIndex{order.index};
    node.receive(other);
    EXPECT_EQ(node.zab_vote().id, order.better ? model::NodeId{order.id} : model::NodeId{})
        << order.epoch << " " << order.log_term << " " << order.index;
  }
}

TEST(Election, EveryNodeVotesForItselfFirst) {
  Lone node({.log = {1, 1}, .accepted = 1, .current = 1});
  EXPECT_EQ(node.zab_vote(),
            (Vote{model::Term{1}, model::Term{1}, model::LogIndex{2}, model::NodeId{1}}));
  EXPECT_EQ(node.sent(MessageKind::notification).size(), 2U);
  EXPECT_EQ(node.role(), Role::pre_candidate);
}

TEST(Election, ALaterRoundIsTakenOverAnEarlierOneAnswered) {
  Lone node;
  node.receive(Lone::notification(2, 2, kLooking, 5));
  ASSERT_EQ(node.sent(MessageKind::notification).size(), 2U);
  EXPECT_EQ(node.sent()[0].context, 5U);
  node.receive(Lone::notification(3, 3, kLooking, 4));
  ASSERT_EQ(node.sent(MessageKind::notification).size(), 1U) << "only the one that is behind";
  EXPECT_EQ(node.sent()[0].context, 5U);
  EXPECT_EQ(node.zab_vote().id, model::NodeId{2}) << "its vote does not count";
}

TEST(Election, AQuorumWaitsForABetterVote) {
  Lone node;
  node.receive(Lone::notification(2, 2, kLooking, 1));
  EXPECT_EQ(node.role(), Role::pre_candidate) << "node 3 may bring a better one";
  node.receive(Lone::notification(3, 3, kLooking, 1));
  EXPECT_EQ(node.zab_vote().id, model::NodeId{3});
  node.after(51).fire(kElectionTimer);
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::follower_info)[0].to, model::NodeId{3});
}

TEST(Election, NobodyLeftToAskMeansDecided) {
  Lone node;
  node.receive(Lone::notification(2, 3, kLooking, 1));
  node.receive(Lone::notification(3, 3, kLooking, 1));
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::follower_info)[0].to, model::NodeId{3});
}

// The candidate repeats its vote until it has decided as well: that is no reason to leave it.
TEST(Election, WhoHasDecidedWaitsForItsCandidate) {
  Lone node;
  node.receive(Lone::notification(2, 3, kLooking, 1));
  node.receive(Lone::notification(3, 3, kLooking, 1));
  ASSERT_EQ(node.role(), Role::follower);
  for (int i = 0; i < 3; ++i) {
    node.after(400).receive(Lone::notification(3, 3, kLooking, 1));
    ASSERT_EQ(node.sent(MessageKind::notification).size(), 1U);
    EXPECT_EQ(node.sent(MessageKind::notification)[0].hint_index, model::LogIndex{3});
    node.fire(kElectionTimer);
    EXPECT_EQ(node.role(), Role::follower);
  }
  node.after(401).receive(Lone::notification(3, 3, kLooking, 1));
  EXPECT_EQ(node.role(), Role::pre_candidate) << "nobody else seems to hear it";
}

TEST(Election, WhoMayNotLeadStaysWithTheCandidateThatItSupports) {
  Lone node({.voters = {2, 3}, .learners = {1}});
  for (std::uint64_t round = 1; round <= 3; ++round) {
    for (int repeated = 0; repeated < 2; ++repeated) {
      node.receive(Lone::notification(3, 3, kLooking, round));
      EXPECT_EQ(node.sent(MessageKind::notification).size(), 1U);
      EXPECT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
      node.after(250).fire(kElectionTimer);
    }
  }
}

TEST(Election, ALookingNodeJoinsTheLeaderThatAQuorumServes) {
  Lone node({.voters = {1, 2, 3, 4, 5}});
  node.receive(Lone::notification(2, 3, kFollowing, 9));
  node.receive(Lone::notification(4, 3, kFollowing, 9));
  EXPECT_TRUE(node.sent(MessageKind::follower_info).empty()) << "the leader itself has not spoken";
  node.receive(Lone::notification(3, 3, kLeading, 9));
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::follower_info)[0].to, model::NodeId{3});
}

// ---- Phase 1: discovery ----

TEST(Discovery, TheEpochIsLaterThanAllThatAQuorumAccepted) {
  Lone node({.voters = {1, 2, 3, 4, 5}, .accepted = 4});
  for (const std::uint32_t from : {2U, 3U}) {
    Message vote = Lone::notification(from, 1, kLooking, 1);
    node.receive(vote);
  }
  node.after(51).fire(kElectionTimer);
  ASSERT_EQ(node.role(), Role::candidate);
  node.receive(Lone::info(2, 7, 9));
  EXPECT_EQ(node.epoch(), 4U) << "two of five are no quorum";
  node.receive(Lone::info(3, 8, 2));
  EXPECT_EQ(node.epoch(), 10U);
  EXPECT_TRUE(node.out.send_now.empty()) << "NEWEPOCH only when its own acceptance is durable";
  EXPECT_EQ(node.sent(MessageKind::new_epoch).size(), 2U);
}

TEST(Discovery, AFollowerAcceptsALaterEpochAndTellsItsHistory) {
  Lone node({.log = {1, 1}, .accepted = 1, .current = 1});
  node.receive(Lone::established(2, 5));
  const auto asks = node.sent(MessageKind::follower_info);
  ASSERT_EQ(asks.size(), 1U);
  Message epoch = Lone::make(2, MessageKind::new_epoch, 5);
  epoch.context = asks[0].context;
  node.receive(epoch);
  ASSERT_TRUE(node.out.append.hard_state.has_value());
  EXPECT_EQ(node.out.append.hard_state->term.value(), 5U);
  EXPECT_EQ(node.out.append.hard_state->second_term.value(), 1U) << "accepted, not current";
  ASSERT_EQ(node.out.send_after_durable.size(), 1U);
  const Message& answer = node.out.send_after_durable[0].message;
  EXPECT_TRUE(is(answer, MessageKind::ack_epoch));
  EXPECT_EQ(answer.hint_term.value(), 1U);
  EXPECT_EQ(answer.index.value(), 2U);
}

TEST(Discovery, AnEpochIsGivenToOneLeaderOnly) {
  Lone node;
  node.accept(5);
  node.after(801).fire(kElectionTimer);
  node.receive(Lone::notification(2, 3, kLooking, 9));
  node.receive(Lone::notification(3, 3, kLooking, 9));
  const auto asks = node.sent(MessageKind::follower_info);
  ASSERT_EQ(asks.size(), 1U);
  Message epoch = Lone::make(3, MessageKind::new_epoch, 5);
  epoch.context = asks[0].context;
  node.receive(epoch);
  ASSERT_EQ(node.sent(MessageKind::ack_epoch).size(), 1U);
  EXPECT_TRUE(node.sent(MessageKind::ack_epoch)[0].reject);
  // What a quorum has given to node 3, node 2 can no longer get: this node may follow.
  epoch.flags = kFlagEstablished;
  node.receive(epoch);
  ASSERT_EQ(node.sent(MessageKind::ack_epoch).size(), 1U);
  EXPECT_FALSE(node.sent(MessageKind::ack_epoch)[0].reject);
}

// Of five: one follower has come, another one is late. Without a word the first would leave before
// the other comes, and then the other way round, for ever.
TEST(Discovery, AProspectiveLeaderKeepsThoseWhoCameWhileItWaitsForMore) {
  Lone leader({.self = 3, .voters = {1, 2, 3, 4, 5}});
  for (const std::uint32_t voter : {1U, 2U}) {
    leader.receive(Lone::notification(voter, 3, kLooking, 1));
  }
  leader.after(51).fire(kElectionTimer);
  ASSERT_EQ(leader.role(), Role::candidate);
  leader.receive(Lone::info(1, 7));
  ASSERT_EQ(leader.sent(MessageKind::notification).size(), 1U);
  Message word = leader.sent(MessageKind::notification)[0];
  EXPECT_EQ(word.to, model::NodeId{1});
  EXPECT_EQ(word.flags, kLeading);

  Lone follower({.voters = {1, 2, 3, 4, 5}});
  for (const std::uint32_t voter : {2U, 3U}) {
    follower.receive(Lone::notification(voter, 3, kLooking, 1));
  }
  follower.after(51).fire(kElectionTimer);
  ASSERT_EQ(follower.role(), Role::follower);
  for (int i = 0; i < 3; ++i) {
    follower.after(400).receive(word);
    follower.fire(kElectionTimer);
    EXPECT_EQ(follower.role(), Role::follower);
  }
  follower.after(801).fire(kElectionTimer);
  EXPECT_EQ(follower.role(), Role::pre_candidate);
}

TEST(Discovery, ALeaderGivesUpBeforeALaterHistory) {
  Lone node({.log = {1}, .accepted = 1, .current = 1});
  node.discover(2, 1, 1);
  EXPECT_EQ(node.role(), Role::pre_candidate);
  EXPECT_TRUE(node.sent(MessageKind::new_leader).empty());
}

// ---- Phase 2: synchronisation ----

TEST(Synchronisation, DiffIsWhatTheFollowerLacksAndEndsWithNewLeader) {
  Lone node({.log = {1, 1, 1}, .accepted = 1, .current = 1});
  node.discover(1, 1, 1);
  const auto sent = node.sent(MessageKind::new_leader);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].index.value(), 1U);
  EXPECT_EQ(sent[0].entries.size(), 2U);
}

TEST(Synchronisation, TruncBeginsWhereTheHistoriesPart) {
  Lone node({.log = {1, 1, 3}, .accepted = 3, .current = 3});
  node.discover(4, 2, 2);  // [1 1 2 2], of an earlier current epoch
  const auto sent = node.sent(MessageKind::new_leader);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].index.value(), 2U);
  EXPECT_EQ(sent[0].entries.size(), 1U);
}

TEST(Synchronisation, HistoryThenEpochAreOneWrite) {
  Lone node({.log = {1, 1, 2, 2}, .accepted = 2, .current = 2});
  node.accept(5);
  node.receive(Lone::entries(MessageKind::new_leader, 5, 2, 1, {3}));
  ASSERT_TRUE(node.out.append.present);
  EXPECT_EQ(node.out.append.truncate_from, model::LogIndex{3});
  EXPECT_EQ(node.out.append.entries.size(), 1U);
  ASSERT_TRUE(node.out.append.hard_state.has_value());
  EXPECT_EQ(node.out.append.hard_state->second_term.value(), 5U);
  EXPECT_EQ(node.log(), (std::vector<std::uint64_t>{1, 1, 3}));
  EXPECT_TRUE(node.sent().empty()) << "not acknowledged before both are durable";
  node.durable();
  ASSERT_EQ(node.sent(MessageKind::ack_new_leader).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::ack_new_leader)[0].index.value(), 3U);
}

TEST(Synchronisation, WhatTheLeaderDoesNotHaveIsCutWithNewLeader) {
  Lone node({.log = {1, 1, 2, 2}, .accepted = 2, .current = 2});
  node.accept(5);
  node.receive(Lone::entries(MessageKind::new_leader, 5, 2, 1, {}));
  EXPECT_EQ(node.out.append.truncate_from, model::LogIndex{3});
  EXPECT_EQ(node.out.append.hard_state->second_term.value(), 5U);
  EXPECT_EQ(node.log(), (std::vector<std::uint64_t>{1, 1}));
}

TEST(Synchronisation, ALongHistoryComesInPartsAndOnlyTheLastOneOpensTheEpoch) {
  Lone node;
  node.accept(5);
  node.receive(Lone::entries(MessageKind::synchronise, 5, 0, 0, {1, 1})).durable();
  EXPECT_EQ(node.writes.back().hard_state, std::nullopt);
  EXPECT_EQ(node.sent(MessageKind::ack).size(), 1U);
  node.receive(Lone::entries(MessageKind::new_leader, 5, 2, 1, {2}));
  EXPECT_EQ(node.out.append.hard_state->second_term.value(), 5U);
}

TEST(Synchronisation, NoProposalIsTakenBeforeItsHistory) {
  Lone node;
  node.accept(5);
  node.receive(Lone::entries(MessageKind::propose, 5, 0, 0, {5}));
  EXPECT_FALSE(node.out.append.present);
  EXPECT_TRUE(node.log().empty());
}

TEST(Synchronisation, TheInitialHistoryIsCommittedByAQuorumOfAcknowledgements) {
  Lone node({.log = {1, 1}, .accepted = 1, .current = 1});
  node.discover();
  ASSERT_EQ(node.role(), Role::candidate);
  node.step(Propose{RequestId{1}, 8});
  EXPECT_EQ(node.out.failed.size(), 1U) << "not established";
  node.receive(node.ack(2, MessageKind::ack_new_leader, 2));
  EXPECT_EQ(node.commit(), 0U) << "its own epoch is not durable";
  node.durable();
  EXPECT_EQ(node.commit(), 2U);
  EXPECT_EQ(node.out.apply_upto.value(), 2U);
  // Primary integrity: it broadcasts only after it has delivered what came before.
  EXPECT_EQ(node.role(), Role::candidate);
  node.step(Applied{model::LogIndex{2}});
  EXPECT_EQ(node.role(), Role::leader);
  ASSERT_EQ(node.sent(MessageKind::up_to_date).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::up_to_date)[0].commit.value(), 2U);
}

TEST(Synchronisation, AFollowerDeliversAndServesAfterUpToDate) {
  Lone node;
  node.adopt(5, {1, 1});
  EXPECT_EQ(node.zab->status().leader, model::NodeId{});
  EXPECT_EQ(node.commit(), 0U);
  Message done = Lone::make(2, MessageKind::up_to_date, 5);
  done.commit = model::LogIndex{2};
  node.receive(done);
  EXPECT_EQ(node.zab->status().leader, model::NodeId{2});
  EXPECT_EQ(node.out.apply_upto.value(), 2U);
}

// A late invitation ends a session that the leader has opened since. The follower asks for another
// until it has one: to the leader nothing is missing.
TEST(Synchronisation, AFollowerAsksAgainForTheSessionThatItGaveUp) {
  Lone node;
  node.adopt(1, {1});
  Message late = Lone::established(2, 1);
  late.flags |= kFlagInvite;
  node.receive(late);
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  const std::uint64_t session = node.sent(MessageKind::follower_info)[0].context;
  node.receive(Lone::established(2, 1));  // the answer, or what it answers, was lost
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::follower_info)[0].context, session) << "the same session";
  node.receive(Lone::entries(MessageKind::new_leader, 1, 1, 1, {}));
  node.receive(Lone::established(2, 1));
  EXPECT_TRUE(node.sent(MessageKind::follower_info).empty());
}

TEST(Synchronisation, SnapWhenTheLogNoLongerReachesBack) {
  Lone node({.log = {1, 1, 1}, .accepted = 1, .current = 1});
  node.lead();
  node.step(LogCompacted{model::LogIndex{2}});
  node.receive(Lone::info(3, 9));
  Message ack = Lone::make(3, MessageKind::ack_epoch, node.epoch());
  ack.context = 9;
  node.receive(ack);
  ASSERT_EQ(node.out.send_snapshot.size(), 1U);
  EXPECT_EQ(node.out.send_snapshot[0].to, model::NodeId{3});
  node.step(SnapshotSent{model::NodeId{3}, model::LogIndex{2}, true});
  ASSERT_EQ(node.sent(MessageKind::new_leader).size(), 1U) << "NEWLEADER follows SNAP";
  EXPECT_EQ(node.sent(MessageKind::new_leader)[0].index.value(), 2U);
}

// ---- Phase 3: broadcast ----

TEST(Broadcast, AQuorumOfAcknowledgementsCommits) {
  Lone node;
  node.lead();
  node.step(Propose{RequestId{1}, 8});
  ASSERT_EQ(node.out.proposed.size(), 1U);
  EXPECT_EQ(node.out.proposed[0].term.value(), node.epoch());
  ASSERT_EQ(node.sent(MessageKind::propose).size(), 1U) << "sent while it is written";
  node.receive(node.ack(2, MessageKind::ack, 1));
  EXPECT_EQ(node.commit(), 0U) << "its own copy is not durable";
  node.durable();
  EXPECT_EQ(node.commit(), 1U);
  node.step(Propose{RequestId{2}, 8});
  EXPECT_EQ(node.sent(MessageKind::propose)[0].commit.value(), 1U) << "COMMIT rides";
}

TEST(Broadcast, OnlyWhoAcknowledgedNewLeaderCounts) {
  Lone node({.voters = {1, 2, 3, 4, 5}});
  Message vote = Lone::notification(2, 1, kLooking, 1);
  node.receive(vote);
  vote.from = model::NodeId{3};
  node.receive(vote);
  node.after(51).fire(kElectionTimer);
  for (const std::uint32_t from : {2U, 3U}) {
    node.receive(Lone::info(from, 7));
  }
  node.durable();
  for (const std::uint32_t from : {2U, 3U}) {
    Message ack = Lone::make(from, MessageKind::ack_epoch, node.epoch());
    ack.context = 7;
    node.receive(ack);
  }
  node.durable();
  node.receive(node.ack(2, MessageKind::ack_new_leader, 0));
  node.receive(node.ack(3, MessageKind::ack, 0));
  EXPECT_EQ(node.role(), Role::candidate) << "node 3 has not adopted the epoch";
  node.receive(node.ack(3, MessageKind::ack_new_leader, 0));
  EXPECT_EQ(node.role(), Role::leader);
}

TEST(Broadcast, ProposalsAreAcknowledgedInOrderWhenDurable) {
  Lone node;
  node.adopt(5, {1});
  node.receive(Lone::entries(MessageKind::propose, 5, 1, 1, {5}));
  EXPECT_TRUE(node.sent().empty());
  node.receive(Lone::entries(MessageKind::propose, 5, 2, 5, {5, 5}));
  EXPECT_TRUE(node.sent().empty());
  node.durable();
  ASSERT_EQ(node.sent(MessageKind::ack).size(), 1U) << "one for both";
  EXPECT_EQ(node.sent(MessageKind::ack)[0].index.value(), 4U);
}

TEST(Broadcast, AGapIsNotAccepted) {
  Lone node;
  node.adopt(5, {1});
  node.receive(Lone::entries(MessageKind::propose, 5, 3, 5, {5}));
  ASSERT_EQ(node.sent(MessageKind::ack).size(), 1U);
  EXPECT_TRUE(node.sent(MessageKind::ack)[0].reject);
  EXPECT_EQ(node.log().size(), 1U);
}

TEST(Broadcast, AnOldEpochsProposalIsRefusedWithTheAcceptedEpoch) {
  Lone node;
  node.adopt(5, {1});
  Message old = Lone::entries(MessageKind::propose, 4, 1, 1, {4});
  old.from = model::NodeId{3};
  node.receive(old);
  EXPECT_EQ(node.log().size(), 1U);
  ASSERT_EQ(node.sent().size(), 1U);
  EXPECT_TRUE(node.sent()[0].reject);
  EXPECT_EQ(node.sent()[0].term.value(), 5U);
}

TEST(Broadcast, ALeaderThatHearsNoQuorumGivesUp) {
  Lone node;
  node.lead();
  const std::uint64_t epoch = node.epoch();
  node.after(700).fire(kHeartbeatTimer);
  EXPECT_EQ(node.role(), Role::leader);
  node.after(150).fire(kHeartbeatTimer);
  EXPECT_EQ(node.role(), Role::pre_candidate);
  EXPECT_EQ(node.epoch(), epoch) << "the next one is opened by whoever is elected";
}

TEST(Broadcast, AFollowerThatHearsNoLeaderLooksForOne) {
  Lone node;
  node.adopt(5, {1});
  node.after(801).fire(kElectionTimer);
  EXPECT_EQ(node.role(), Role::pre_candidate);
}

TEST(Broadcast, ALeaderGivesUpBeforeALaterEpoch) {
  Lone node;
  node.lead();
  Message pong = Lone::make(3, MessageKind::pong, node.epoch() + 1);
  pong.reject = true;
  node.receive(pong);
  EXPECT_EQ(node.role(), Role::pre_candidate);
}

TEST(Broadcast, TheCounterEndsTheEpoch) {
  Settings settings;
  settings.max_epoch_entries = 2;
  Lone node({.settings = settings});
  node.lead();
  node.step(Propose{RequestId{1}, 8}).step(Propose{RequestId{2}, 8});
  node.step(Propose{RequestId{3}, 8});
  ASSERT_EQ(node.out.failed.size(), 1U) << "certainly not proposed";
  EXPECT_EQ(node.role(), Role::leader) << "what is under way is still committed";
  node.durable();
  node.receive(node.ack(2, MessageKind::ack, 2));
  EXPECT_EQ(node.commit(), 2U);
  EXPECT_EQ(node.role(), Role::pre_candidate);
}

// ---- Lease, reads, transfer ----

TEST(Lease, APromiseStandsAgainstAnotherLeadersEpoch) {
  Lone node;
  node.adopt(5, {1});
  node.receive(Lone::established(2, 5));
  ASSERT_EQ(node.sent(MessageKind::pong).size(), 1U);
  EXPECT_NE(node.sent(MessageKind::pong)[0].flags & kFlagPromise, 0);
  node.step(PeerUnreachable{model::NodeId{2}});
  node.after(100).fire(kElectionTimer);
  EXPECT_EQ(node.role(), Role::follower) << "within the promise, whatever the evidence";
  node.after(151).fire(kElectionTimer);
  EXPECT_EQ(node.role(), Role::pre_candidate);
}

// The quorum that gave it its epoch kept its promises, so no lease is left that this one could
// break.
TEST(Lease, NoPromiseStandsAgainstAnEstablishedEpoch) {
  Lone node;
  node.adopt(1, {1});
  node.receive(Lone::established(2, 1));
  Message prospective = Lone::make(3, MessageKind::new_epoch, 2);
  Message ping = Lone::established(3, 2);
  ping.flags = 0;
  node.receive(ping);
  EXPECT_TRUE(node.sent(MessageKind::follower_info).empty()) << "its epoch has no quorum yet";
  node.receive(Lone::established(3, 2));
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  prospective.context = node.sent(MessageKind::follower_info)[0].context;
  node.receive(prospective);
  EXPECT_TRUE(node.sent(MessageKind::ack_epoch).empty()) << "within the promise";
  prospective.flags = kFlagEstablished;
  node.receive(prospective);
  EXPECT_EQ(node.sent(MessageKind::ack_epoch).size(), 1U);
  EXPECT_EQ(node.epoch(), 2U);
}

TEST(Lease, TheLeadersOwnWordEndsThePromise) {
  Lone node;
  node.adopt(5, {1});
  node.receive(Lone::established(2, 5));
  Message word = Lone::notification(2, 2, kLooking, 3);
  word.term = model::Term{4};
  node.receive(word);
  EXPECT_EQ(node.role(), Role::follower) << "said before it led this epoch";
  word.term = model::Term{5};
  node.receive(word);
  EXPECT_EQ(node.role(), Role::pre_candidate);
}

TEST(Lease, ItCountsFromTheSendingWithTheDriftTakenOff) {
  Lone node;
  node.lead();
  node.fire(kHeartbeatTimer);
  const Message ping = node.sent(MessageKind::ping).at(0);
  const base::Instant sent = node.now;
  Message pong = Lone::make(2, MessageKind::pong, node.epoch());
  pong.context = ping.context;
  pong.stamp = ping.stamp;
  pong.flags = kFlagPromise;
  node.after(100).receive(pong);
  EXPECT_TRUE(node.zab->lease_covers(sent + base::Duration::milliseconds(244)));
  EXPECT_FALSE(node.zab->lease_covers(sent + base::Duration::milliseconds(246)));
}

// Whoever made this node the only voter may still read by the promise of its earlier life.
TEST(Lease, ASoleVoterKeepsItsPromiseToAnother) {
  for (const std::uint32_t accepted_from : {1U, 2U}) {
    Recovered recovered;
    recovered.hard_state.term = recovered.hard_state.second_term = model::Term{3};
    recovered.hard_state.vote = model::NodeId{accepted_from};
    recovered.snapshot.configuration = std::make_shared<const model::Configuration>(
        protocol::testing::make_configuration({1}, {}));
    const base::Instant now = base::Instant{} + base::Duration::seconds(1);
    const Settings settings;
    Zab zab(model::NodeId{1}, settings, recovered, 42, now);
    Effects out;
    zab.step({now, Started{}}, out);
    EXPECT_EQ(out.append.present, accepted_from == 1) << "opens an epoch of its own";
    out.clear();
    zab.step({now + settings.lease, TimerFired{kElectionTimer}}, out);
    EXPECT_EQ(out.append.present, accepted_from == 2);
  }
}

TEST(Reads, SyncAsksAQuorum) {
  Lone node;
  node.lead();
  node.step(ReadBarrier{RequestId{1}});
  EXPECT_TRUE(node.out.reads.empty());
  const auto pings = node.sent(MessageKind::ping);
  ASSERT_EQ(pings.size(), 2U);
  Message pong = Lone::make(2, MessageKind::pong, node.epoch());
  pong.context = pings[0].context;
  pong.stamp = pings[0].stamp;
  node.receive(pong);
  EXPECT_EQ(node.out.reads.size(), 1U);
}

TEST(Transfer, TheTargetLeadsWithoutAnElectionAndTheLeaderFollows) {
  Lone node;
  node.lead();
  node.step(TransferLeadership{RequestId{1}, model::NodeId{2}});
  EXPECT_EQ(node.sent(MessageKind::hand_over).size(), 2U);
  ASSERT_EQ(node.sent(MessageKind::follower_info).size(), 1U);
  EXPECT_FALSE(node.zab->lease_covers(node.now));
  EXPECT_EQ(node.role(), Role::follower);

  Lone target;
  target.adopt(5, {1});
  target.receive(Lone::make(2, MessageKind::up_to_date, 5));
  Message word = Lone::make(2, MessageKind::hand_over, 5);
  word.hint_index = model::LogIndex{1};
  target.receive(word);
  EXPECT_EQ(target.role(), Role::candidate);
}

}  // namespace
}  // namespace ostraka::protocol::zab::testing
