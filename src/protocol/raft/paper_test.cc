// The Raft paper sentence by sentence: Figure 2, sections 5.1 to 5.4, 6, 7 and 8.
#include "protocol/raft/testing/lone.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ostraka::protocol::raft::testing {
namespace {

using Terms = std::vector<std::uint64_t>;

// Figure 2, state: "currentTerm, votedFor, log[]: updated on stable storage before responding".
TEST(Figure2, PersistentStateIsWrittenBeforeTheAnswerLeaves) {
  Lone node;
  node.receive(Lone::vote(2, 1, 0, 0));
  ASSERT_TRUE(node.out.append.hard_state.has_value());
  EXPECT_EQ(node.out.append.hard_state->term, model::Term{1});
  EXPECT_EQ(node.out.append.hard_state->vote, model::NodeId{2});
  EXPECT_TRUE(node.out.send_now.empty());
  ASSERT_EQ(node.out.send_after_durable.size(), 1U);
  EXPECT_EQ(node.out.send_after_durable[0].token, node.out.append.token);
}

TEST(Figure2, EntriesAreAcknowledgedWhenDurable) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1, 1}));
  EXPECT_TRUE(node.sent(MessageKind::append_ack).empty());
  node.durable();
  ASSERT_EQ(node.sent(MessageKind::append_ack).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::append_ack)[0].index, model::LogIndex{2});
}

// AppendEntries 1: "Reply false if term < currentTerm".
TEST(Figure2, AppendOfAnOldTermIsRefusedWithTheTerm) {
  Lone node({.term = 5});
  node.receive(Lone::append(4, 0, 0, {4}));
  ASSERT_EQ(node.sent(MessageKind::append_ack).size(), 1U);
  EXPECT_TRUE(node.sent()[0].reject);
  EXPECT_EQ(node.sent()[0].term, model::Term{5});
  EXPECT_TRUE(node.log().empty());
}

// AppendEntries 2: "Reply false if log doesn't contain an entry at prevLogIndex whose term
// matches".
TEST(Figure2, AppendWithoutThePreviousEntryIsRefused) {
  Lone node({.log = {1, 1}, .term = 2});
  node.receive(Lone::append(2, 3, 2, {2}));
  ASSERT_EQ(node.sent(MessageKind::append_ack).size(), 1U);
  EXPECT_TRUE(node.sent()[0].reject);
  node.receive(Lone::append(2, 2, 2, {2}));
  EXPECT_TRUE(node.sent(MessageKind::append_ack)[0].reject);
  EXPECT_EQ(node.log(), (Terms{1, 1}));
}

// AppendEntries 3: "If an existing entry conflicts with a new one, delete it and all that follow".
// AppendEntries 4: "Append any new entries not already in the log".
TEST(Figure2, ConflictingEntriesAreReplaced) {
  Lone node({.log = {1, 1, 2, 2}, .term = 2});
  node.receive(Lone::append(3, 1, 1, {1, 3}));
  EXPECT_EQ(node.log(), (Terms{1, 1, 3}));
  ASSERT_TRUE(node.out.append.truncate_from.has_value());
  EXPECT_EQ(*node.out.append.truncate_from, model::LogIndex{3});
  EXPECT_EQ(node.out.append.entries.size(), 1U);
}

TEST(Figure2, EntriesThatAreThereStayAlsoWhenAnOldMessageComesLate) {
  Lone node({.log = {1, 1, 1}, .term = 1});
  node.receive(Lone::append(1, 0, 0, {1}));
  EXPECT_EQ(node.log(), (Terms{1, 1, 1}));
  EXPECT_FALSE(node.out.append.present);
}

// AppendEntries 5: "commitIndex = min(leaderCommit, index of last new entry)".
TEST(Figure2, FollowerCommitsNoFurtherThanItIsKnownToMatch) {
  Lone node({.log = {1, 1, 1}, .term = 1});
  node.receive(Lone::append(1, 0, 0, {1}, 3));
  EXPECT_EQ(node.commit(), 1U);
  EXPECT_EQ(node.out.apply_upto, model::LogIndex{1});
}

// RequestVote 1: "Reply false if term < currentTerm".
TEST(Figure2, VoteOfAnOldTermIsRefused) {
  Lone node({.term = 3});
  node.after(300).receive(Lone::vote(2, 2, 9, 2));
  ASSERT_EQ(node.sent(MessageKind::vote_ack).size(), 1U);
  EXPECT_TRUE(node.sent()[0].reject);
}

// RequestVote 2: "If votedFor is null or candidateId, and candidate's log is at least as
// up-to-date as receiver's log, grant vote".
struct VoteCase {
  std::uint32_t voted_for;
  std::uint64_t last;
  std::uint64_t last_term;
  bool granted;
};
class VoteTable : public ::testing::TestWithParam<VoteCase> {};
TEST_P(VoteTable, GrantsByLogAndEarlierVote) {
  const VoteCase& row = GetParam();
  Lone node({.log = {1, 2}, .term = 2, .vote = row.voted_for});
  node.after(300).receive(Lone::vote(2, 2, row.last, row.last_term));
  ASSERT_EQ(node.sent(MessageKind::vote_ack).size(), 1U);
  EXPECT_EQ(!node.sent()[0].reject, row.granted);
}
INSTANTIATE_TEST_SUITE_P(Rows, VoteTable,
                         ::testing::Values(VoteCase{0, 2, 2, true}, VoteCase{0, 3, 2, true},
                                           VoteCase{0, 1, 2, false}, VoteCase{0, 9, 1, false},
                                           VoteCase{0, 1, 3, true}, VoteCase{2, 2, 2, true},
                                           VoteCase{3, 2, 2, false}, VoteCase{3, 9, 9, false}));

// All servers: "If commitIndex > lastApplied: apply"; never beyond the own durable log.
TEST(Figure2, AppliesWhatIsCommittedAndDurableHere) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1, 1}, 2));
  EXPECT_EQ(node.commit(), 2U);
  EXPECT_TRUE(node.out.apply_upto.is_none());
  node.durable();
  EXPECT_EQ(node.out.apply_upto, model::LogIndex{2});
}

// All servers: "If RPC request or response contains term T > currentTerm: set currentTerm = T,
// convert to follower".
TEST(Figure2, ANewerTermMakesAFollower) {
  Lone node;
  node.lead();
  ASSERT_EQ(node.role(), Role::leader);
  Message answer = Lone::make(3, MessageKind::append_ack, 7);
  answer.reject = true;
  node.receive(answer);
  EXPECT_EQ(node.role(), Role::follower);
  EXPECT_EQ(node.term(), 7U);
  EXPECT_TRUE(node.out.append.hard_state.has_value());
}

// Candidates: "Increment currentTerm, vote for self, reset election timer, send RequestVote to
// all".
TEST(Figure2, ACandidateVotesForItselfAndAsksAll) {
  Lone node;
  node.election_timeout();
  EXPECT_EQ(node.role(), Role::pre_candidate);
  EXPECT_EQ(node.term(), 0U);
  node.receive(Lone::reply(node.sent(MessageKind::pre_vote)[0], MessageKind::pre_vote_ack));
  EXPECT_EQ(node.role(), Role::candidate);
  EXPECT_EQ(node.term(), 1U);
  EXPECT_EQ(node.out.append.hard_state->vote, model::NodeId{1});
  EXPECT_EQ(node.out.send_after_durable.size(), 2U);
  EXPECT_TRUE(node.out.send_now.empty());
  EXPECT_FALSE(node.out.timers.empty());
}

// Candidates: "If votes received from majority of servers: become leader".
TEST(Figure2, AMajorityElects) {
  Lone node({.voters = {1, 2, 3, 4, 5}});
  node.election_timeout();
  const auto asked = node.sent(MessageKind::pre_vote);
  node.receive(Lone::reply(asked[0], MessageKind::pre_vote_ack));
  EXPECT_EQ(node.role(), Role::pre_candidate);
  node.receive(Lone::reply(asked[1], MessageKind::pre_vote_ack));
  ASSERT_EQ(node.role(), Role::candidate);
  node.durable();
  node.receive(Lone::make(2, MessageKind::vote_ack, 1));
  node.receive(Lone::make(2, MessageKind::vote_ack, 1));  // the same voter twice is one vote
  EXPECT_EQ(node.role(), Role::candidate);
  node.receive(Lone::make(3, MessageKind::vote_ack, 1));
  EXPECT_EQ(node.role(), Role::leader);
}

// Its own vote counts like any other: when it is durable.
TEST(Figure2, TheOwnVoteCountsWhenDurable) {
  Lone node;
  node.election_timeout();
  node.receive(Lone::reply(node.sent(MessageKind::pre_vote)[0], MessageKind::pre_vote_ack));
  const Durable vote = node.issued;
  node.receive(Lone::make(2, MessageKind::vote_ack, 1));
  EXPECT_EQ(node.role(), Role::candidate);
  node.step(vote);
  EXPECT_EQ(node.role(), Role::leader);
}

// Candidates: "If AppendEntries RPC received from new leader: convert to follower".
TEST(Figure2, ACandidateFollowsTheLeaderOfItsTerm) {
  Lone node;
  node.election_timeout();
  node.receive(Lone::reply(node.sent(MessageKind::pre_vote)[0], MessageKind::pre_vote_ack));
  node.receive(Lone::append(1, 0, 0, {}));
  EXPECT_EQ(node.role(), Role::follower);
  EXPECT_EQ(node.raft->status().leader, model::NodeId{2});
}

// Candidates: "If election timeout elapses: start new election".
TEST(Figure2, ASplitVoteIsRepeated) {
  Lone node;
  node.election_timeout();
  node.receive(Lone::reply(node.sent(MessageKind::pre_vote)[0], MessageKind::pre_vote_ack));
  node.durable();
  node.election_timeout();
  EXPECT_EQ(node.role(), Role::pre_candidate);
  EXPECT_EQ(node.sent(MessageKind::pre_vote).size(), 2U);
}

// Leaders: "Upon election: send heartbeat to each server; repeat during idle periods".
TEST(Figure2, ALeaderSendsHeartbeats) {
  Lone node;
  node.elect();
  EXPECT_EQ(node.role(), Role::leader);
  EXPECT_EQ(node.sent(MessageKind::heartbeat).size(), 2U);
  node.heartbeat_timeout();
  EXPECT_EQ(node.sent(MessageKind::heartbeat).size(), 2U);
}

// Leaders: "If command received: append entry to local log"; the write and the sending go together.
TEST(Figure2, ProposalsAreWrittenAndSentInParallel) {
  Lone node;
  node.lead();
  node.step(Propose{RequestId{9}, 100});
  ASSERT_EQ(node.out.proposed.size(), 1U);
  EXPECT_EQ(node.out.proposed[0].index, model::LogIndex{2});
  EXPECT_EQ(node.out.append.entries.size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::append).size(), 1U);  // node 3 is still being probed
  EXPECT_EQ(node.sent(MessageKind::append)[0].entries.size(), 1U);
}

// Leaders: "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry";
// 5.3: whole terms at once.
TEST(Figure2, BackTracksByWholeTerms) {
  Lone node({.log = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6}, .term = 7});
  node.elect();
  Message refusal = Lone::make(3, MessageKind::append_ack, 8);
  refusal.reject = true;
  refusal.index = model::LogIndex{10};
  refusal.hint_index = model::LogIndex{7};  // node 3 has 1,1,1,4,4,4,4
  refusal.hint_term = model::Term{4};
  node.receive(refusal);
  const auto again = node.sent(MessageKind::append);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].index, model::LogIndex{5});
  EXPECT_EQ(again[0].log_term, model::Term{4});
}

// Leaders: "If there exists an N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term
// == currentTerm: set commitIndex = N"; 5.4.2.
TEST(Figure2, OnlyEntriesOfTheOwnTermAreCounted) {
  Lone node({.log = {1, 2}, .term = 3});
  node.elect().durable();
  Message ack = Lone::make(2, MessageKind::append_ack, 4);
  ack.index = ack.hint_index = model::LogIndex{2};
  node.receive(ack);
  EXPECT_EQ(node.commit(), 0U);
  ack.index = ack.hint_index = model::LogIndex{3};
  node.receive(ack);
  EXPECT_EQ(node.commit(), 3U);
}

TEST(Figure2, TheLeaderCountsItselfWhenDurable) {
  Lone node;
  node.elect();
  const Durable noop = node.issued;
  Message ack = Lone::make(2, MessageKind::append_ack, 1);
  ack.index = ack.hint_index = model::LogIndex{1};
  node.receive(ack);
  EXPECT_EQ(node.commit(), 0U);
  node.step(noop);
  EXPECT_EQ(node.commit(), 1U);
}

// 5.1: "If a server receives a request with a stale term number, it rejects"; responses are
// dropped.
TEST(Section51, StaleAnswersChangeNothing) {
  Lone node;
  node.lead();
  node.step(Propose{RequestId{1}, 1});
  node.durable();
  Message ack = Lone::make(2, MessageKind::append_ack, 0);
  ack.index = ack.hint_index = model::LogIndex{2};
  node.receive(ack);
  EXPECT_EQ(node.commit(), 1U);
}

// 5.2: "election timeouts are chosen randomly from a fixed interval".
TEST(Section52, ElectionTimeoutsAreRandomWithinTheInterval) {
  std::vector<std::int64_t> seen;
  Lone node;
  for (int i = 0; i < 20; ++i) {
    const base::Instant before = node.now;
    node.step(TimerFired{kElectionTimer});
    for (const TimerRequest& timer : node.out.timers) {
      if (timer.id == kElectionTimer) {
        seen.push_back((timer.deadline - before).as_milliseconds());
      }
    }
    node.after(801);
  }
  ASSERT_GT(seen.size(), 10U);
  EXPECT_NE(*std::min_element(seen.begin(), seen.end()),
            *std::max_element(seen.begin(), seen.end()));
  EXPECT_GE(*std::min_element(seen.begin() + 1, seen.end()), 500);
  EXPECT_LE(*std::max_element(seen.begin(), seen.end()), 800);
}

// 6: "servers disregard RequestVote RPCs when they believe a current leader exists ... within the
// minimum election timeout: it does not update its term or grant its vote".
TEST(Section6, ALiveLeaderProtectsFromDisturbance) {
  Lone node;
  node.receive(Lone::append(1, 0, 0, {1})).durable();
  node.after(499).receive(Lone::vote(3, 9, 50, 8));
  EXPECT_EQ(node.term(), 1U);
  EXPECT_TRUE(node.sent().empty());
  node.after(2).receive(Lone::vote(3, 9, 50, 8));
  EXPECT_EQ(node.term(), 9U);
  ASSERT_EQ(node.sent(MessageKind::vote_ack).size(), 1U);
  EXPECT_FALSE(node.sent()[0].reject);
}

// 6: "Once a given server adds the new configuration entry to its log, it uses that configuration".
TEST(Section6, AConfigurationIsInForceWhenAppended) {
  Lone node;
  node.lead();
  const auto target =
      std::make_shared<const model::Configuration>(make_configuration({1, 2, 3, 4}, {}));
  node.step(ChangeMembership{RequestId{4}, target, false});
  EXPECT_EQ(node.raft->configuration(), *target);
  ASSERT_TRUE(node.out.configuration != nullptr);
  EXPECT_EQ(node.out.append.configurations.size(), 1U);
  // ... and a truncated one gives way to the one before it.
  node.durable();
  Message newer = Lone::append(5, 1, 1, {5});
  node.receive(newer);
  EXPECT_EQ(node.raft->configuration().voters.size(), 3U);
}

// 7: "the leader sends snapshots to followers that lag behind".
TEST(Section7, ACompactedLogSendsASnapshot) {
  Lone node({.log = {1, 1, 1}, .term = 1});
  node.after(300).lead();
  node.step(Applied{model::LogIndex{4}});
  node.step(LogCompacted{model::LogIndex{3}});
  Message refusal = Lone::make(3, MessageKind::append_ack, 2);
  refusal.reject = true;
  refusal.index = model::LogIndex{3};
  node.receive(refusal);
  ASSERT_EQ(node.out.send_snapshot.size(), 1U);
  EXPECT_EQ(node.out.send_snapshot[0].to, model::NodeId{3});
  EXPECT_EQ(node.out.send_snapshot[0].at_least, model::LogIndex{2});
  node.step(Propose{RequestId{1}, 1});
  for (const Message& message : node.sent(MessageKind::append)) {
    EXPECT_NE(message.to, model::NodeId{3});  // paused
  }
  node.step(SnapshotSent{model::NodeId{3}, model::LogIndex{4}, true});
  ASSERT_EQ(node.sent(MessageKind::append).size(), 1U);
  EXPECT_EQ(node.sent(MessageKind::append)[0].index, model::LogIndex{4});
}

// 7: "If the snapshot contains new information ... the follower discards its entire log"; "if it
// describes a prefix of its log, entries following it are still valid".
TEST(Section7, AFollowerInstallsOrKeeps) {
  const auto three =
      std::make_shared<const model::Configuration>(make_configuration({1, 2, 3}, {}));
  Lone behind({.log = {1, 1}, .term = 2});
  behind.receive(Lone::append(2, 9, 2, {}));
  behind.step(SnapshotReceived{
      model::NodeId{2}, model::Term{2}, {model::LogIndex{5}, model::Term{2}, three}});
  ASSERT_TRUE(behind.out.install_snapshot.has_value());
  behind.step(SnapshotInstalled{{model::LogIndex{5}, model::Term{2}, three}});
  EXPECT_EQ(behind.raft->status().first_index, model::LogIndex{6});
  EXPECT_EQ(behind.commit(), 5U);
  ASSERT_EQ(behind.sent(MessageKind::append_ack).size(), 1U);

  Lone ahead({.log = {1, 1, 2, 2}, .term = 2});
  ahead.receive(Lone::append(2, 4, 2, {}));
  ahead.step(SnapshotReceived{
      model::NodeId{2}, model::Term{2}, {model::LogIndex{3}, model::Term{2}, three}});
  EXPECT_TRUE(ahead.out.discard_snapshot);
  EXPECT_EQ(ahead.log(), (Terms{1, 1, 2, 2}));
  EXPECT_EQ(ahead.commit(), 3U);
}

// 8: "each leader commit a blank no-op entry into the log at the start of its term".
TEST(Section8, ALeaderOpensItsTermWithANoop) {
  Lone node;
  node.elect();
  ASSERT_EQ(node.out.append.entries.size(), 1U);
  EXPECT_EQ(node.out.append.entries[0].kind, EntryKind::noop);
}

// 8: "a leader must have the latest information on which entries are committed" before it reads.
TEST(Section8, ReadsWaitForACommitInTheOwnTerm) {
  Lone node;
  node.elect().durable();
  node.step(ReadBarrier{RequestId{5}});
  EXPECT_TRUE(node.out.reads.empty());
  EXPECT_TRUE(node.out.failed.empty());
  Message ack = Lone::make(2, MessageKind::append_ack, 1);
  ack.index = ack.hint_index = model::LogIndex{1};
  node.receive(ack);
  const auto round = node.sent(MessageKind::heartbeat);
  ASSERT_EQ(round.size(), 2U);
  node.receive(Lone::reply(round[0], MessageKind::heartbeat_ack));
  ASSERT_EQ(node.out.reads.size(), 1U);
  EXPECT_EQ(node.out.reads[0].index, model::LogIndex{1});
}

}  // namespace
}  // namespace ostraka::protocol::raft::testing
