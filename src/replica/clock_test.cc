// How a new leader settles the log time.
#include "replica/driver_world_test.h"
#include "replica/internal/read_index_frame.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::replica::testing {
namespace {

class ClockTest : public ::testing::Test {
 protected:
  ClockTest() {
    world.protocol->configuration_now.voters.push_back({kPeer, {}, "n2", "n2:1"});
    world.protocol->configuration_now.voters.push_back({kOther, {}, "n3", "n3:1"});
    world.lead();
  }
  // `from` answers the latest question, or an earlier one: its clock is `behind` this one's.
  void answer(model::NodeId from, base::Duration behind) {
    answer(from, behind, world.peers.requests.size() - 1);
  }
  void answer(model::NodeId from, base::Duration behind, std::size_t question) {
    const auto request = decode_read_index_request(world.peers.requests.at(question).second);
    ASSERT_TRUE(request.has_value());
    ASSERT_EQ(request->kind, ReadIndexKind::clock);
    ReadIndexReply reply;
    reply.kind = ReadIndexKind::clock;
    reply.ticket = request->ticket;
    reply.ok = true;
    reply.wall = base::WallTime::from_milliseconds(wall() - behind.as_milliseconds());
    std::string body;
    encode(reply, body);
    world.replica->on_read_index_reply(from, body);
  }
  [[nodiscard]] std::int64_t wall() { return world.executor().wall_now().as_milliseconds(); }
  [[nodiscard]] bool is_settled() {
    const base::Status status = world.replica->register_session(world.session);
    return status.has_value() || status.error().code != base::ErrorCode::no_leader;
  }

  DriverWorld world;
};

constexpr base::Duration kSlow = base::Duration::seconds(5);

TEST_F(ClockTest, TheFirstAnswerThatAgreesSettlesIt) {
  EXPECT_FALSE(is_settled());
  answer(kOther, {});
  EXPECT_TRUE(is_settled());
}

// Else log time would begin five seconds behind and step with the next answer, over the deadlines
// that were counted from it in between.
TEST_F(ClockTest, ASlowClockThatAnswersFirstWaitsForTheRest) {
  answer(kPeer, kSlow);
  EXPECT_FALSE(is_settled());
  answer(kOther, {});
  EXPECT_TRUE(is_settled());
  EXPECT_GE(world.replica->log_time_now().as_milliseconds(), wall() - 1);
}

// The simulator's e7_slow_clock, seed 263: the right clock's answer came after the next question.
TEST_F(ClockTest, ASlowClockThatIsTheOnlyOtherOneIsTakenWhenNoAnswerCanBeOnItsWay) {
  answer(kPeer, kSlow);
  world.run(base::Duration::milliseconds(250));
  EXPECT_FALSE(is_settled());
  world.run(base::Duration::milliseconds(100));
  EXPECT_TRUE(is_settled());
  EXPECT_LE(world.replica->log_time_now().as_milliseconds(),
            wall() - kSlow.as_milliseconds() + 1000);
}

// Questions are repeated every few milliseconds; other data centres are further away than that.
TEST_F(ClockTest, AnAnswerMayTakeLongerThanTheNextQuestion) {
  const std::size_t first = world.peers.requests.size() - 1;
  world.run(base::Duration::milliseconds(300));
  ASSERT_GT(world.peers.requests.size(), first + 2);
  EXPECT_FALSE(is_settled());
  answer(kOther, {}, first);
  EXPECT_TRUE(is_settled());
}

TEST_F(ClockTest, AnAnswerFromLongAgoDoesNotCount) {
  const std::size_t first = world.peers.requests.size() - 1;
  world.run(base::Duration::seconds(3));
  answer(kOther, {}, first);
  EXPECT_FALSE(is_settled());
}

}  // namespace
}  // namespace ostraka::replica::testing
