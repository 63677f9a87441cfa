// The thesis sentence by sentence: 3.8 (persistence), 3.10 (transfer), 4 (membership), 6.2
// (check-quorum), 6.4 (reads), 9.6 (pre-vote), 10.2 (pipelining); and this product's promises.
#include "protocol/raft/testing/lone.h"

#include <gtest/gtest.h>

namespace ostraka::protocol::raft::testing {
namespace {

using base::ErrorCode;

std::shared_ptr<const model::Configuration> target(
    const std::vector<std::uint32_t>& voters, const std::vector<std::uint32_t>& learners = {}) {
  return std::make_shared<const model::Configuration>(make_configuration(voters, learners));
}

Message promised(const Message& heartbeat) {
  Message ack = Lone::reply(heartbeat, MessageKind::heartbeat_ack);
  ack.flags = heartbeat.flags;
  return ack;
}

// 3.10: "The prior leader stops accepting new client requests"; the target gets the whole log
// first; it is told to time out at once; "if it does not complete after about an election timeout,
// abort".
TEST(Transfer, WaitsForTheLogThenTellsThenAborts) {
  Lone node;
  node.lead();
  node.step(Propose{RequestId{1}, 1});
  node.step(TransferLeadership{RequestId{2}, model::NodeId{2}});
  EXPECT_TRUE(node.sent(MessageKind::timeout_now).empty());
  node.step(Propose{RequestId{3}, 1});
  ASSERT_EQ(node.out.failed.size(), 1U);
  Message ack = Lone::make(2, MessageKind::append_ack, 1);
  ack.index = ack.hint_index = model::LogIndex{2};
  node.receive(ack);
  ASSERT_EQ(node.sent(MessageKind::timeout_now).size(), 1U);
  node.after(501).step(TimerFired{kDeadlineTimer});
  ASSERT_EQ(node.out.failed.size(), 1U);
  EXPECT_EQ(node.out.failed[0].code, ErrorCode::transfer_failed);
  node.step(Propose{RequestId{4}, 1});
  EXPECT_EQ(node.out.proposed.size(), 1U);
}

TEST(Transfer, GivesUpTheLeaseUntilALaterRound) {
  Lone node;
  node.lead();
  node.heartbeat_timeout();
  const Message old_round = node.sent(MessageKind::heartbeat)[0];
  node.receive(promised(old_round));
  EXPECT_TRUE(node.raft->lease_covers(node.now));
  node.step(TransferLeadership{RequestId{2}, model::NodeId{2}});
  ASSERT_EQ(node.sent(MessageKind::timeout_now).size(), 1U);
  EXPECT_FALSE(node.raft->lease_covers(node.now));
  // A late answer of node 3 to the old round renews nothing.
  Message late = promised(old_round);
  late.from = model::NodeId{3};
  node.receive(late);
  EXPECT_FALSE(node.raft->lease_covers(node.now));
  // While the transfer runs no promise is asked for.
  node.heartbeat_timeout();
  EXPECT_EQ(node.sent(MessageKind::heartbeat)[0].flags, 0);
  node.receive(promised(node.sent(MessageKind::heartbeat)[0]));
  EXPECT_FALSE(node.raft->lease_covers(node.now));
  node.after(501).step(TimerFired{kDeadlineTimer});
  node.step(TimerFired{kHeartbeatTimer});
  node.receive(promised(node.sent(MessageKind::heartbeat)[0]));
  EXPECT_TRUE(node.raft->lease_covers(node.now));
}

TEST(Transfer, TheTargetCampaignsWithoutPreVoteAndSaysWhy) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1})).durable();
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
  heartbeat.context = 7;
  heartbeat.flags = kFlagPromise;
  node.receive(heartbeat);
  Message now = Lone::make(2, MessageKind::timeout_now, 1);
  now.context = 6;  // an earlier round: the leader has renewed its lease since
  node.receive(now);
  EXPECT_EQ(node.role(), Role::follower);
  now.context = 7;
  node.receive(now);
  EXPECT_EQ(node.role(), Role::candidate);
  ASSERT_EQ(node.sent(MessageKind::vote).size(), 2U);
  EXPECT_EQ(node.sent(MessageKind::vote)[0].flags, kFlagTransfer);
  EXPECT_EQ(node.sent(MessageKind::vote)[0].context, 7U);
}

TEST(Transfer, AVoterReleasesOnlyTheRoundsThatWereGivenUp) {
  for (const std::uint64_t round : {6U, 7U}) {
    Lone node;
    node.receive(Lone::append(1, 0, 0, {1})).durable();
    Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
    heartbeat.context = 7;
    heartbeat.flags = kFlagPromise;
    node.receive(heartbeat);
    Message vote = Lone::vote(3, 2, 1, 1);
    vote.flags = kFlagTransfer;
    vote.hint_term = model::Term{1};
    vote.context = round;
    node.receive(vote);
    EXPECT_EQ(node.term(), round == 7 ? 2U : 1U);
  }
}

// What a node promised before it restarted, in whatever round, is over a lease after its start.
TEST(Transfer, ANodeThatRestartedIsTheTargetWhenItsFormerPromiseIsOver) {
  Lone node({.log = {1}, .term = 1});
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
  heartbeat.flags = kFlagPromise;
  Message now = Lone::make(2, MessageKind::timeout_now, 1);
  for (const std::uint64_t round : {7U, 8U, 9U}) {
    heartbeat.context = now.context = round;
    node.receive(heartbeat).receive(now);
    EXPECT_EQ(node.role(), round == 9 ? Role::candidate : Role::follower) << round;
    node.after(130);
  }
}

// 4.1: "does not allow changes that could result in disjoint majorities": one server at a time; not
// before an entry of the term is committed; one at a time.
TEST(Membership, RefusesWhatIsNotSafe) {
  Lone fresh;
  fresh.elect();
  fresh.step(ChangeMembership{RequestId{1}, target({1, 2, 3, 4}), false});
  ASSERT_EQ(fresh.out.failed.size(), 1U);
  EXPECT_EQ(fresh.out.failed[0].code, ErrorCode::busy);

  Lone node;
  node.lead();
  node.step(ChangeMembership{RequestId{2}, target({1, 2, 3, 4, 5}), false});
  EXPECT_EQ(node.out.failed.at(0).code, ErrorCode::invalid_argument);
  node.step(ChangeMembership{RequestId{3}, target({1, 2, 3}, {3}), false});
  EXPECT_EQ(node.out.failed.at(0).code, ErrorCode::invalid_argument);
  node.step(ChangeMembership{RequestId{4}, target({}), false});
  EXPECT_EQ(node.out.failed.at(0).code, ErrorCode::invalid_argument);
  node.step(ChangeMembership{RequestId{5}, target({1, 2, 3, 4}), false});
  EXPECT_TRUE(node.out.failed.empty());
  node.step(ChangeMembership{RequestId{6}, target({1, 2, 3}), false});
  EXPECT_EQ(node.out.failed.at(0).code, ErrorCode::membership_pending);
}

// 4.2.1: learners get the log and are not counted.
TEST(Membership, LearnersAreNotCounted) {
  Lone node({.voters = {1, 2, 3}, .learners = {4, 5}});
  node.elect().durable();
  for (const std::uint32_t learner : {4U, 5U}) {
    Message ack = Lone::make(learner, MessageKind::append_ack, 1);
    ack.index = ack.hint_index = model::LogIndex{1};
    node.receive(ack);
  }
  EXPECT_EQ(node.commit(), 0U);
}

TEST(Membership, ALearnerDoesNotCampaign) {
  Lone node({.voters = {2, 3}, .learners = {1}});
  node.election_timeout();
  EXPECT_EQ(node.role(), Role::learner);
  EXPECT_TRUE(node.sent().empty());
}

// 6.2: "a leader steps down if an election timeout elapses without a successful round of heartbeats
// to a majority of its cluster".
TEST(CheckQuorum, AnUnheardLeaderStepsDown) {
  Lone node;
  node.lead();
  for (int i = 0; i < 18; ++i) {
    node.heartbeat_timeout();
  }
  EXPECT_EQ(node.role(), Role::follower);
}

// 6.4: the leader records its commit index, confirms its leadership by a round of heartbeats that
// began after the request, then serves; one round serves all that came before it.
TEST(ReadIndex, OneRoundServesMany) {
  Lone node;
  node.lead();
  node.step(ReadBarrier{RequestId{1}});
  const auto first = node.sent(MessageKind::heartbeat);
  ASSERT_EQ(first.size(), 2U);
  node.step(ReadBarrier{RequestId{2}});
  node.step(ReadBarrier{RequestId{3}});
  EXPECT_TRUE(node.sent().empty());
  Message plain = Lone::reply(first[0], MessageKind::heartbeat_ack);  // confirms, promises nothing
  node.receive(plain);
  ASSERT_EQ(node.out.reads.size(), 1U);
  EXPECT_EQ(node.out.reads[0].id, RequestId{1});
  const auto second = node.sent(MessageKind::heartbeat);
  ASSERT_EQ(second.size(), 2U);
  node.receive(Lone::reply(second[1], MessageKind::heartbeat_ack));
  EXPECT_EQ(node.out.reads.size(), 2U);
}

TEST(ReadIndex, NothingIsDroppedSilently) {
  Lone leader;
  leader.lead();
  leader.step(ReadBarrier{RequestId{1}});
  leader.after(1000).step(TimerFired{kDeadlineTimer});
  ASSERT_EQ(leader.out.failed.size(), 1U);
  EXPECT_EQ(leader.out.failed[0].code, ErrorCode::no_quorum);

  Lone follower;
  follower.step(ReadBarrier{RequestId{1}});
  EXPECT_EQ(follower.out.failed.at(0).code, ErrorCode::no_leader);
  follower.receive(Lone::append(1, 0, 0, {1})).durable();
  follower.step(ReadBarrier{RequestId{2}});
  ASSERT_EQ(follower.sent(MessageKind::read_request).size(), 1U);
  const Message request = follower.sent()[0];
  follower.after(1000).step(TimerFired{kDeadlineTimer});
  EXPECT_EQ(follower.out.failed.at(0).id, RequestId{2});
  // The late answer is for nobody.
  Message late = Lone::reply(request, MessageKind::read_ack);
  late.index = model::LogIndex{1};
  follower.receive(late);
  EXPECT_TRUE(follower.out.reads.empty());
}

TEST(ReadIndex, TheQueueIsBounded) {
  Lone node;
  node.elect();
  for (std::size_t i = 0; i <= kPendingReadsMax; ++i) {
    node.step(ReadBarrier{RequestId{i + 1}});
  }
  ASSERT_EQ(node.out.failed.size(), 1U);
  EXPECT_EQ(node.out.failed[0].code, ErrorCode::busy);
}

// 6.4.1, as a promise: counted from the sending, shortened by the drift of both clocks.
TEST(Lease, CountsFromTheSendingAndAllowsForDrift) {
  Lone node;
  node.lead();
  node.heartbeat_timeout();
  const Message heartbeat = node.sent(MessageKind::heartbeat)[0];
  const base::Instant sent = node.now;
  EXPECT_EQ(heartbeat.stamp, sent);
  node.after(100).receive(promised(heartbeat));
  const base::Instant until = node.raft->status().lease_until;
  EXPECT_LT(until - sent, base::Duration::milliseconds(246));
  EXPECT_GT(until - sent, base::Duration::milliseconds(244));
  EXPECT_TRUE(node.raft->lease_covers(sent + base::Duration::milliseconds(244)));
  EXPECT_FALSE(node.raft->lease_covers(until));
}

TEST(Lease, AForgedStampOfTheFutureIsIgnored) {
  Lone node;
  node.lead();
  node.heartbeat_timeout();
  Message forged = promised(node.sent(MessageKind::heartbeat)[0]);
  forged.stamp = node.now + base::Duration::seconds(100);
  node.receive(forged);
  EXPECT_FALSE(node.raft->lease_covers(node.now));
}

TEST(Lease, APromiseOutlivesABrokenConnectionAndARestart) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1})).durable();
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
  heartbeat.flags = kFlagPromise;
  node.receive(heartbeat);
  node.step(PeerUnreachable{model::NodeId{2}});
  node.after(249).step(Campaign{});
  EXPECT_EQ(node.role(), Role::follower);
  node.receive(Lone::vote(3, 2, 9, 1));
  EXPECT_EQ(node.term(), 1U);
  // Over: the broken connection allows both before the ordinary timeout.
  node.after(2).receive(Lone::vote(3, 2, 9, 1));
  EXPECT_EQ(node.term(), 2U);

  Lone restarted({.log = {1}, .term = 1});
  restarted.after(249).receive(Lone::vote(3, 2, 9, 1));
  EXPECT_EQ(restarted.term(), 1U);
  restarted.after(2).receive(Lone::vote(3, 2, 9, 1));
  EXPECT_EQ(restarted.term(), 2U);
}

// 9.6: "a candidate only increments its term if it learns from a majority that they would be
// willing to grant it their votes"; a refusal tells the term.
TEST(PreVote, AnIsolatedServerDoesNotRaiseItsTerm) {
  Lone node({.term = 3});
  for (int i = 0; i < 10; ++i) {
    node.election_timeout();
  }
  EXPECT_EQ(node.term(), 3U);
}

TEST(PreVote, ARefusalTellsTheTerm) {
  Lone node({.term = 5});
  node.after(300);
  Message ask = Lone::make(2, MessageKind::pre_vote, 3);
  ask.index = model::LogIndex{9};
  ask.log_term = model::Term{3};
  node.receive(ask);
  ASSERT_EQ(node.sent(MessageKind::pre_vote_ack).size(), 1U);
  EXPECT_TRUE(node.sent()[0].reject);
  EXPECT_EQ(node.sent()[0].term, model::Term{5});
  Lone behind({.log = {1}, .term = 1});
  behind.election_timeout();
  Message told = Lone::reply(behind.sent(MessageKind::pre_vote)[0], MessageKind::pre_vote_ack);
  told.reject = true;
  told.term = model::Term{5};
  behind.receive(told);
  EXPECT_EQ(behind.term(), 5U);
}

// 10.2.2: pipelining within bounds.
TEST(Pipelining, TheWindowIsBoundedInMessagesAndBytes) {
  LoneOptions options;
  options.settings.max_in_flight_messages = 3;
  Lone messages(options);
  messages.lead();
  std::size_t sent = 0;
  for (std::uint64_t i = 0; i < 10; ++i) {
    messages.step(Propose{RequestId{i}, 1});
    sent += messages.sent(MessageKind::append).size();
  }
  EXPECT_EQ(sent, 3U);
  options.settings.max_in_flight_messages = 100;
  options.settings.max_in_flight_bytes = 100;
  Lone bytes(options);
  bytes.lead();
  sent = 0;
  for (std::uint64_t i = 0; i < 10; ++i) {
    bytes.step(Propose{RequestId{i}, 60});
    sent += bytes.sent(MessageKind::append).size();
  }
  EXPECT_EQ(sent, 2U);
  // One cumulative answer opens the window; what waited goes out together.
  Message ack = Lone::make(2, MessageKind::append_ack, 1);
  ack.index = ack.hint_index = model::LogIndex{3};
  bytes.receive(ack);
  ASSERT_EQ(bytes.sent(MessageKind::append).size(), 1U);
  EXPECT_EQ(bytes.sent(MessageKind::append)[0].entries.size(), 8U);
}

TEST(Pipelining, AFollowerAcknowledgesOnceForManyWrites) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1}));
  node.receive(Lone::append(1, 1, 1, {1}));
  node.receive(Lone::append(1, 2, 1, {1, 1}));
  EXPECT_TRUE(node.sent().empty());
  node.durable();
  ASSERT_EQ(node.sent(MessageKind::append_ack).size(), 1U);
  EXPECT_EQ(node.sent()[0].index, model::LogIndex{4});
}

// A completion that a truncation has overtaken proves less than it says.
TEST(Durability, ALateCompletionOfACutSuffixIsNotBelieved) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1, 1, 1}));
  const Durable first = node.issued;
  node.receive(Lone::append(2, 1, 1, {2, 2}));
  const Durable second = node.issued;
  node.step(first);
  EXPECT_EQ(node.raft->status().durable_index, model::LogIndex{1});
  node.step(second);
  EXPECT_EQ(node.raft->status().durable_index, model::LogIndex{3});
}

// A disk that forgot synced writes: the leader knows what this node acknowledged.
TEST(Durability, AServerThatLostAcknowledgedEntriesTakesNoPartAnyMore) {
  Lone node({.log = {1, 1}, .term = 1});
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
  heartbeat.hint_index = model::LogIndex{2};
  node.receive(heartbeat);
  EXPECT_FALSE(node.out.log_lost.has_value());
  EXPECT_EQ(node.sent(MessageKind::heartbeat_ack).size(), 1U);
  heartbeat.hint_index = model::LogIndex{3};
  node.receive(heartbeat);
  ASSERT_TRUE(node.out.log_lost.has_value());
  EXPECT_EQ(node.out.log_lost->acknowledged, model::LogIndex{3});
  EXPECT_EQ(node.out.log_lost->last, model::LogIndex{2});
  EXPECT_EQ(node.out.log_lost->told_by, model::NodeId{2});
  EXPECT_TRUE(node.sent().empty());
  node.receive(Lone::append(1, 2, 1, {1}));
  EXPECT_FALSE(node.out.append.present);
  EXPECT_TRUE(node.sent().empty());
  node.after(1000).receive(Lone::vote(3, 2, 9, 1));
  EXPECT_TRUE(node.sent().empty());
  EXPECT_EQ(node.term(), 1U);
  node.election_timeout();
  EXPECT_EQ(node.role(), Role::follower);
  EXPECT_TRUE(node.sent().empty());
}

// An acknowledgement that waits for the disk is not sent either.
TEST(Durability, AServerThatLostItsLogOwesNoAcknowledgement) {
  Lone node({.log = {1}, .term = 1});
  node.receive(Lone::append(1, 1, 1, {1}));
  Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
  heartbeat.hint_index = model::LogIndex{3};
  node.receive(heartbeat);
  node.durable();
  EXPECT_TRUE(node.sent().empty());
}

TEST(Durability, TheLeaderTellsEachServerWhatItAcknowledged) {
  Lone node;
  node.lead();
  node.heartbeat_timeout();
  for (const Message& heartbeat : node.sent(MessageKind::heartbeat)) {
    EXPECT_EQ(heartbeat.hint_index, model::LogIndex{heartbeat.to == model::NodeId{2} ? 1U : 0U});
  }
  EXPECT_EQ(node.sent(MessageKind::heartbeat).size(), 2U);
}

// Heartbeats go on while no entry can be stored, and tell the leader why.
TEST(DiskSpace, AFollowerTellsItsLeader) {
  Lone node({.log = {1}, .term = 1});
  const Message heartbeat = Lone::make(2, MessageKind::heartbeat, 1);
  node.step(DiskSpace{true}).receive(heartbeat);
  ASSERT_EQ(node.sent(MessageKind::heartbeat_ack).size(), 1U);
  EXPECT_NE(node.sent()[0].flags & kFlagDiskFull, 0);
  node.step(DiskSpace{false}).receive(heartbeat);
  EXPECT_EQ(node.sent()[0].flags & kFlagDiskFull, 0);
}

TEST(DiskSpace, TheLeaderKnowsWhoseDiskIsFull) {
  Lone node;
  node.lead();
  node.step(DiskSpace{true});
  node.heartbeat_timeout();
  for (const Message& heartbeat : node.sent(MessageKind::heartbeat)) {
    if (heartbeat.to == model::NodeId{3}) {
      Message answer = Lone::reply(heartbeat, MessageKind::heartbeat_ack);
      answer.flags = kFlagDiskFull;
      node.receive(answer);
      break;
    }
  }
  const std::vector<PeerStatus> peers = node.raft->status().peers;
  ASSERT_EQ(peers.size(), 3U);
  EXPECT_TRUE(peers[0].disk_full);
  EXPECT_FALSE(peers[1].disk_full);
  EXPECT_TRUE(peers[2].disk_full);
}

TEST(Limits, UncommittedBytesAnswerBusy) {
  LoneOptions options;
  options.settings.max_uncommitted_bytes = 1000;
  Lone node(options);
  node.lead();
  node.step(Propose{RequestId{1}, 900});
  EXPECT_EQ(node.out.proposed.size(), 1U);
  node.step(Propose{RequestId{2}, 900});
  EXPECT_EQ(node.out.failed.at(0).code, ErrorCode::busy);
  node.durable();
  Message ack = Lone::make(2, MessageKind::append_ack, 1);
  ack.index = ack.hint_index = model::LogIndex{2};
  node.receive(ack);
  node.step(Propose{RequestId{3}, 900});
  EXPECT_EQ(node.out.proposed.size(), 1U);
}

TEST(SingleNode, LeadsAtOnceAndKeepsItsLease) {
  Lone node({.voters = {1}, .log = {1, 1}, .term = 1});
  EXPECT_EQ(node.role(), Role::candidate);
  node.durable();
  EXPECT_EQ(node.role(), Role::leader);
  node.durable();
  EXPECT_EQ(node.commit(), 3U);
  EXPECT_TRUE(node.raft->lease_covers(node.now + base::Duration::seconds(100)));
}

// 6.4.1: whoever made this node the only voter may still read by the promise of its earlier life.
TEST(Lease, ASoleVoterKeepsItsPromiseToAnother) {
  Recovered recovered;
  recovered.hard_state.vote = model::NodeId{2};
  recovered.snapshot.index = model::LogIndex{5};
  recovered.snapshot.term = model::Term{3};
  recovered.snapshot.configuration =
      std::make_shared<const model::Configuration>(testing::make_configuration({1}, {}));
  recovered.applied = model::LogIndex{5};
  for (const std::uint32_t last_term : {3U, 4U}) {  // 4: it has led since
    recovered.entries = {{model::LogIndex{6}, model::Term{last_term}, EntryKind::data, 1}};
    recovered.hard_state.term = model::Term{last_term};
    const base::Instant now = base::Instant{} + base::Duration::seconds(1);
    const Settings settings;
    Raft raft(model::NodeId{1}, settings, recovered, 42, now);
    Effects out;
    raft.step({now, Started{}}, out);
    EXPECT_EQ(raft.status().role == Role::follower, last_term == 3U);
    out.clear();
    raft.step({now + settings.lease, TimerFired{kElectionTimer}}, out);
    EXPECT_EQ(raft.status().role, Role::candidate);  // until its own vote is durable
  }
}

}  // namespace
}  // namespace ostraka::protocol::raft::testing
