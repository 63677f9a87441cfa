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

TEST_F(ResendTest, ReadsAreSentAgainInOrderAfterSilenceAndToANewLeader) {
  follow_far();
  transport_.frames.clear();
  Session& session = open();
  submit(session, "r1", /*read_only=*/true);
  submit(session, "r2", /*read_only=*/true);
  run();
  ASSERT_EQ(transport_.frames.size(), 1U);
  EXPECT_EQ(reads_of(transport_.frames[0].second), (std::vector<std::string>{"r1", "r2"}));
  transport_.frames.clear();
  run(Duration::milliseconds(1100));
  std::vector<std::string> again;
  for (const auto& [type, frame] : transport_.frames) {
    for (const std::string& command : reads_of(frame)) {
      again.push_back(command);
    }
  }
  EXPECT_EQ(again, (std::vector<std::string>{"r1", "r2"}));
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

}  // namespace
}  // namespace ostraka::router::testing
