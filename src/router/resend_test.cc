// What the router sends again, to whom, in which order, and what it may say about it afterwards.
#include "router/internal/frames.h"
#include "router/router_world_test.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::router::testing {
namespace {

constexpr model::NodeId kFar{2};

class ResendTest : public RouterTest {
 protected:
  void follow_far() {
    shard_.leader_id = kFar;
    router_->on_leadership(kShard, false, kFar);
    run();
  }
  static std::string lost() {
    std::string frame;
    encode_reply(frame, {.kind = ReplyKind::lost, .session = {}});
    return frame;
  }
  // The commands of the forwarded reads of one frame.
  static std::vector<std::string> reads_of(const std::string& frame) {
    ForwardRequest request;
    EXPECT_TRUE(decode_request(frame, request).has_value());
    std::vector<std::string> commands;
    for (const ForwardedRead& read : request.reads) {
      commands.emplace_back(read.command);
    }
    return commands;
  }
};

TEST_F(ResendTest, AnUnansweredRegistrationIsReplacedByAnother) {
  router_->on_leadership(kShard, true, kSelf);
  run();
  ASSERT_EQ(shard_.registered.size(), 1U);
  run(Duration::milliseconds(1100));
  ASSERT_EQ(shard_.registered.size(), 2U);
  EXPECT_NE(shard_.registered[0], shard_.registered[1]);
}

TEST_F(ResendTest, ASecondOfSilenceSendsTheWindowAgain) {
  register_node();
  Session& session = open();
  submit(session, "1");
  submit(session, "2");
  run();
  ASSERT_EQ(shard_.batches.size(), 1U);
  run(Duration::milliseconds(1100));
  ASSERT_EQ(shard_.batches.size(), 2U);
  EXPECT_EQ(shard_.batches[1].first, 1U);
  EXPECT_EQ(shard_.batches[1].commands, (std::vector<std::string>{"1", "2"}));
}

TEST_F(ResendTest, AGapSendsTheWindowAgainFromItsBegin) {
  register_node();
  Session& session = open();
  submit(session, "1");
  submit(session, "2");
  run();
  router_->on_result(kShard, RouterTest::session(), model::Serial(2),
                     base::fail(ErrorCode::sequence_gap));
  run(Duration::milliseconds(50));
  ASSERT_EQ(shard_.batches.size(), 2U);
  EXPECT_EQ(shard_.batches[1].first, 1U);
  EXPECT_EQ(shard_.batches[1].commands.size(), 2U);
}

TEST_F(ResendTest, AWindowIsBounded) {
  make_router({.window_calls_max = 2});
  register_node();
  Session& session = open();
  for (const char* command : {"1", "2", "3"}) {
    submit(session, command);
  }
  run();
  ASSERT_EQ(shard_.batches.size(), 1U);
  EXPECT_EQ(shard_.batches[0].commands, (std::vector<std::string>{"1", "2"}));
  answer(1, "");
  run();
  ASSERT_EQ(shard_.batches.size(), 2U);
  EXPECT_EQ(shard_.batches[1].first, 3U);
}

// Serial 2 was answered with session_expired: it was not done, but 1 may have been before.
TEST_F(ResendTest, AnExpiredSessionLeavesWhatCameBeforeItUnknown) {
  register_node();
  Session& session_of_client = open();
  TestCall& before = submit(session_of_client, "1");
  TestCall& at = submit(session_of_client, "2");
  run();
  const model::SessionId old = session();
  router_->on_result(kShard, old, model::Serial(2), base::fail(ErrorCode::session_expired));
  run();
  EXPECT_EQ(before.code, ErrorCode::unknown_outcome);
  EXPECT_EQ(before.completions, 1);
  ASSERT_NE(session(), old);
  answer(0, "");
  run();
  EXPECT_EQ(shard_.batches.back().commands, (std::vector<std::string>{"2"}));
  EXPECT_EQ(at.completions, 0);
}

// One attempt was refused for good, an earlier one is still open.
TEST_F(ResendTest, AFinalRefusalOfOneAttemptSaysNothingAboutTheOther) {
  register_node();
  TestCall& call = submit(open(), "w");
  run();
  router_->on_leadership(kShard, true, kSelf);
  run();
  ASSERT_EQ(shard_.batches.size(), 2U);
  router_->on_refused(kShard, session(), model::Serial(1), 1, ErrorCode::too_large);
  ASSERT_EQ(call.completions, 1);
  EXPECT_EQ(call.code, ErrorCode::unknown_outcome);
}

TEST_F(ResendTest, AFinalRefusalOfTheOnlyAttemptIsDefinite) {
  register_node();
  TestCall& call = submit(open(), "w");
  run();
  router_->on_refused(kShard, session(), model::Serial(1), 1, ErrorCode::too_large);
  ASSERT_EQ(call.completions, 1);
  EXPECT_EQ(call.code, ErrorCode::too_large);
}

// An answer may take long on a slow link: only word of a loss repeats a read.
TEST_F(ResendTest, ReadsAreSentAgainInOrderWhenTheLeaderSaysThatRepliesWereLost) {
  follow_far();
  transport_.frames.clear();
  Session& session = open();
  submit(session, "r1", /*read_only=*/true);
  submit(session, "r2", /*read_only=*/true);
  run();
  ASSERT_EQ(transport_.frames.size(), 1U);
  EXPECT_EQ(reads_of(transport_.frames[0].second), (std::vector<std::string>{"r1", "r2"}));
  transport_.frames.clear();
  run(Duration::milliseconds(900));
  EXPECT_TRUE(transport_.frames.empty());
  ASSERT_TRUE(router_->on_frame(model::NodeId{3}, peer::FrameType::forward_reply, kShard, lost()));
  run();
  EXPECT_TRUE(transport_.frames.empty()) << "not the leader's word";
  ASSERT_TRUE(router_->on_frame(kFar, peer::FrameType::forward_reply, kShard, lost()));
  run();
  ASSERT_EQ(transport_.frames.size(), 2U) << "a registration, and the reads";
  EXPECT_EQ(reads_of(transport_.frames[1].second), (std::vector<std::string>{"r1", "r2"}));
}

// What is repeated for silence alone takes at most 128 KiB of a link in a second.
TEST_F(ResendTest, ALargeWindowIsGivenTheTimeThatASlowLinkTakes) {
  register_node();
  submit(open(), std::string(512U << 10, 'v'));
  run();
  ASSERT_EQ(shard_.batches.size(), 1U);
  run(Duration::milliseconds(4900));
  EXPECT_EQ(shard_.batches.size(), 1U);
  run(Duration::milliseconds(200));
  EXPECT_EQ(shard_.batches.size(), 2U);
}

TEST_F(ResendTest, RegistrationsGrowPatient) {
  router_->on_leadership(kShard, true, kSelf);
  run(Duration::milliseconds(900));
  EXPECT_EQ(shard_.registered.size(), 1U);
  run(Duration::milliseconds(1000));  // 1.9 s
  EXPECT_EQ(shard_.registered.size(), 2U);
  run(Duration::milliseconds(1000));  // 2.9 s: the second has 2 s
  EXPECT_EQ(shard_.registered.size(), 2U);
  run(Duration::milliseconds(1000));
  EXPECT_EQ(shard_.registered.size(), 3U);
  run(Duration::milliseconds(3000));  // 6.9 s: the third has 4 s
  EXPECT_EQ(shard_.registered.size(), 3U);
}

TEST_F(ResendTest, AReadThatFindsNoLeaderIsAskedAgain) {
  register_node();
  shard_.answer_reads = false;
  TestCall& call = submit(open(), "r", /*read_only=*/true);
  ASSERT_EQ(shard_.reads.size(), 1U);
  shard_.reads[0]->complete(base::fail(ErrorCode::no_leader));
  EXPECT_EQ(call.completions, 0);
  shard_.answer_reads = true;
  run(Duration::milliseconds(50));
  EXPECT_TRUE(call.ok);
}

TEST_F(ResendTest, TheErrorOfALateReadTellsWhetherThereWasALeader) {
  register_node();
  shard_.answer_reads = false;
  TestCall& unanswered = submit(open(), "r", /*read_only=*/true);
  run(Duration::seconds(6));
  ASSERT_EQ(unanswered.completions, 1);
  EXPECT_EQ(unanswered.code, ErrorCode::deadline_exceeded);
  shard_.leader_id = {};
  router_->on_leadership(kShard, false, {});
  TestCall& leaderless = submit(open(), "r", /*read_only=*/true);
  run(Duration::seconds(6));
  ASSERT_EQ(leaderless.completions, 1);
  EXPECT_EQ(leaderless.code, ErrorCode::no_leader);
}

TEST_F(ResendTest, ARemovalDoesNotWaitBehindWritesThatAFullDiskRefuses) {
  register_node();
  codec::CommandBuilder builder;
  builder.add({.code = codec::OpCode::set, .key = "k", .value = "v"});
  const std::string write = builder.take();
  builder.add({.code = codec::OpCode::remove, .key = "k"});
  const std::string removal = builder.take();
  shard_.refuse = ErrorCode::disk_full;
  TestCall& waiting = submit(open(), write);
  run(Duration::milliseconds(100));
  EXPECT_EQ(waiting.completions, 0) << "there may be space before its deadline";
  TestCall& urgent = submit(open(), removal);
  run(Duration::milliseconds(100));
  ASSERT_EQ(waiting.completions, 1);
  EXPECT_EQ(waiting.code, ErrorCode::disk_full);
  EXPECT_EQ(urgent.completions, 0);
  shard_.refuse.reset();  // the next batch has removals only
  run(Duration::milliseconds(100));
  EXPECT_EQ(shard_.batches.back().commands, (std::vector<std::string>{touch(), removal}));
}

TEST_F(ResendTest, ReadsOfANodeThatIsGoneAreCancelledAndItsRepliesNotSent) {
  shard_.answer_reads = false;
  std::string reads;
  begin_reads(reads);
  add_read(reads, 5, "r");
  ASSERT_TRUE(router_->on_frame(kFar, peer::FrameType::forward_request, kShard, reads));
  std::string registration;
  encode_register(registration, model::SessionId(9));
  ASSERT_TRUE(router_->on_frame(kFar, peer::FrameType::forward_request, kShard, registration));
  ASSERT_EQ(shard_.reads.size(), 1U);
  router_->on_disconnected(kFar);
  EXPECT_TRUE(shard_.reads.empty());
  transport_.frames.clear();
  router_->on_result(kShard, model::SessionId(9), model::Serial(0), base::ByteView());
  run();
  EXPECT_TRUE(transport_.frames.empty());
}

// The leader's side: what it answers to node 2.
class ReplyTest : public ResendTest {
 protected:
  void SetUp() override {
    router_->on_leadership(kShard, true, kSelf);
    run();
    ask();
  }
  // Node 2 shows that it is there, by a session.
  void ask() {
    std::string registration;
    encode_register(registration, model::SessionId(9));
    ASSERT_TRUE(router_->on_frame(kFar, peer::FrameType::forward_request, kShard, registration));
    run();
    transport_.frames.clear();
  }
  void reply(std::size_t bytes) {
    router_->on_result(kShard, model::SessionId(9), model::Serial(++serial_),
                       base::ByteView(std::string(bytes, 'r')));
    run();
  }
  std::uint64_t serial_ = 0;
};

TEST_F(ReplyTest, LargeAndManyRepliesStayOutOfTheWayOfHeartbeats) {
  reply(100);
  EXPECT_EQ(transport_.last_channel, peer::Channel::control);
  reply(1U << 20);
  EXPECT_EQ(transport_.last_channel, peer::Channel::bulk);
  run(Duration::milliseconds(250));
  reply(100);
  EXPECT_EQ(transport_.last_channel, peer::Channel::control);
  // Small ones, of which there are many: 20 KB in 40 ms.
  for (int i = 0; i < 40; ++i) {
    reply(500);
  }
  EXPECT_EQ(transport_.last_channel, peer::Channel::bulk);
  // A steady load stays there: a reply does not overtake the one before.
  for (int i = 0; i < 300; ++i) {
    reply(500);
    ASSERT_EQ(transport_.last_channel, peer::Channel::bulk) << i;
  }
}

TEST_F(ReplyTest, LostRepliesAreToldBehindTheOthersOnceTheyCanBe) {
  transport_.reachable = false;
  reply(10);
  run(Duration::milliseconds(100));
  EXPECT_TRUE(transport_.frames.empty());
  transport_.reachable = true;
  run(Duration::milliseconds(25));
  ASSERT_EQ(transport_.frames.size(), 1U);
  EXPECT_EQ(transport_.frames[0].second, lost());
  EXPECT_EQ(transport_.last_channel, peer::Channel::bulk);
  run(Duration::milliseconds(100));
  EXPECT_EQ(transport_.frames.size(), 1U);
}

TEST_F(ReplyTest, ABrokenConnectionMayHaveLostReplies) {
  router_->on_disconnected(kFar);
  run(Duration::milliseconds(100));
  EXPECT_TRUE(transport_.frames.empty());
  router_->on_connected(kFar);
  run();
  ASSERT_EQ(transport_.frames.size(), 1U);
  EXPECT_EQ(transport_.frames[0].second, lost());
}

TEST_F(ReplyTest, ANodeThatNeverAskedIsToldNothing) {
  router_->on_disconnected(model::NodeId{3});
  router_->on_connected(model::NodeId{3});
  run();
  EXPECT_TRUE(transport_.frames.empty());
}

}  // namespace
}  // namespace ostraka::router::testing
