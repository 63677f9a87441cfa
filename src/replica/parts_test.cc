// The pure parts: log time, membership targets, frames, the ring.
#include "replica/internal/log_clock.h"
#include "replica/internal/read_index_frame.h"
#include "replica/internal/ring_queue.h"
#include "replica/membership_target.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace ostraka::replica {
namespace {

constexpr base::Duration kStep = base::Duration::milliseconds(500);

base::Instant at(std::int64_t ms) {
  return base::Instant::from_nanoseconds(0) + base::Duration::milliseconds(ms);
}
base::WallTime wall(std::int64_t ms) { return base::WallTime::from_milliseconds(ms); }

TEST(LogClock, FollowsTheWallClockNearTheAnchor) {
  LogClock clock(kStep);
  clock.confirm(wall(10'000), at(0));
  EXPECT_EQ(clock.next({at(100), wall(10'105)}), wall(10'105));
  EXPECT_FALSE(clock.wants_quorum({at(100), wall(10'105)}));
}

TEST(LogClock, NeverFalls) {
  LogClock clock(kStep);
  clock.confirm(wall(10'000), at(0));
  EXPECT_EQ(clock.next({at(100), wall(10'200)}), wall(10'200));
  EXPECT_EQ(clock.next({at(200), wall(5'000)}), wall(10'200));
  clock.recover(wall(10'200));
  EXPECT_EQ(clock.next({at(300), wall(5'000)}), wall(10'200));
}

TEST(LogClock, AJumpOfOneHourMovesItByTheBoundOnly) {
  LogClock clock(kStep);
  clock.confirm(wall(10'000), at(0));
  const std::int64_t hour = 3'600'000;
  EXPECT_EQ(clock.next({at(1'000), wall(11'000 + hour)}), wall(11'500));
  // However many entries it stamps: the bound does not creep.
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(clock.next({at(1'000 + i), wall(11'000 + i + hour)}), wall(11'500 + i));
  }
  EXPECT_TRUE(clock.wants_quorum({at(2'000), wall(12'000 + hour)}));
}

TEST(LogClock, AfterARestartAQuorumMustAgreeFirst) {
  LogClock clock(kStep);
  clock.recover(wall(10'000));
  EXPECT_EQ(clock.next({at(0), wall(99'000)}), wall(10'000));
  EXPECT_FALSE(clock.is_ready({at(0), wall(99'000)}));
  clock.confirm(wall(98'900), at(5));
  EXPECT_TRUE(clock.is_ready({at(5), wall(99'000)}));
  EXPECT_EQ(clock.next({at(5), wall(99'000)}), wall(99'000));
}

TEST(LogClock, ANewLeaderThatFollowedNeedsNoQuorum) {
  LogClock clock(kStep);
  clock.observe(wall(10'000), at(0));
  clock.begin_leadership();
  EXPECT_TRUE(clock.is_ready({at(1'000), wall(11'050)}));
  // One whose own clock is far ahead does.
  EXPECT_FALSE(clock.is_ready({at(1'000), wall(16'000)}));
}

TEST(LogClock, MajorityTimeIgnoresAMinorityThatIsAhead) {
  std::array<base::WallTime, 3> three{wall(3'600'000), wall(1'000), wall(1'010)};
  EXPECT_EQ(majority_time(three), wall(1'010));
  std::array<base::WallTime, 4> four{wall(9'000), wall(8'000), wall(1'010), wall(1'000)};
  EXPECT_EQ(majority_time(four), wall(1'010));
  std::array<base::WallTime, 1> one{wall(7)};
  EXPECT_EQ(majority_time(one), wall(7));
}

model::Member member(std::uint32_t id) {
  return {model::NodeId(id), {}, "n" + std::to_string(id), "n" + std::to_string(id) + ":1"};
}

TEST(MembershipTarget, LearnerThenVoterThenGone) {
  model::Configuration now;
  now.voters = {member(1), member(3)};
  const Target learner = *with_learner(now, member(2));
  ASSERT_EQ(learner->learners.size(), 1U);
  const Target voter = *with_promoted(*learner, model::NodeId(2));
  ASSERT_EQ(voter->voters.size(), 3U);
  EXPECT_EQ(voter->voters[1].id, model::NodeId(2));
  EXPECT_TRUE(voter->learners.empty());
  const Target gone = *without(*voter, model::NodeId(1));
  const Target highest_gone = *without(*voter, model::NodeId(3));
  EXPECT_EQ(next_node_id(*voter), model::NodeId(4));
  EXPECT_EQ(next_node_id(*highest_gone), model::NodeId(4)) << "an identifier is given once";
  EXPECT_EQ(gone->voters.size(), 2U);
}

TEST(MembershipTarget, RefusesWhatMakesNoSense) {
  model::Configuration now;
  now.voters = {member(1)};
  EXPECT_EQ(with_learner(now, member(1)).error().code, base::ErrorCode::already_exists);
  model::Member same_address = member(2);
  same_address.peer_address = member(1).peer_address;
  EXPECT_EQ(with_learner(now, same_address).error().code, base::ErrorCode::already_exists);
  EXPECT_EQ(with_promoted(now, model::NodeId(2)).error().code, base::ErrorCode::not_found);
  EXPECT_EQ(with_promoted(now, model::NodeId(1)).error().code, base::ErrorCode::already_exists);
  EXPECT_EQ(without(now, model::NodeId(2)).error().code, base::ErrorCode::not_found);
  EXPECT_EQ(without(now, model::NodeId(1)).error().code, base::ErrorCode::invalid_argument);
  now.voters_outgoing = {member(2)};
  EXPECT_EQ(without(now, model::NodeId(1)).error().code, base::ErrorCode::membership_pending);
}

TEST(ReadIndexFrame, RoundTripsAndRefusesDamage) {
  ReadIndexReply reply;
  reply.kind = ReadIndexKind::clock;
  reply.ticket = 77;
  reply.ok = true;
  reply.index = model::LogIndex(12);
  reply.wall = wall(-5);
  std::string bytes;
  encode(reply, bytes);
  const auto decoded = decode_read_index_reply(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->ticket, 77U);
  EXPECT_EQ(decoded->index, model::LogIndex(12));
  EXPECT_EQ(decoded->wall, wall(-5));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_read_index_reply(std::string_view(bytes).substr(0, size)).has_value());
  }
  bytes[0] = 9;
  EXPECT_EQ(decode_read_index_reply(bytes).error().code, base::ErrorCode::format_unknown);
  std::string request;
  encode(ReadIndexRequest{}, request);
  EXPECT_TRUE(decode_read_index_request(request).has_value());
  EXPECT_FALSE(decode_read_index_request(request + "x").has_value());
}

TEST(RingQueue, KeepsOrderOverGrowth) {
  RingQueue<int> queue;
  int next = 0;
  int expected = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < round % 7 + 1; ++i) {
      queue.push(next++);
    }
    for (int i = 0; i < round % 5 && !queue.empty(); ++i) {
      EXPECT_EQ(queue.front(), expected++);
      queue.pop();
    }
  }
  for (std::size_t i = 0; i < queue.size(); ++i) {
    EXPECT_EQ(queue[i], expected + static_cast<int>(i));
  }
}

}  // namespace
}  // namespace ostraka::replica
