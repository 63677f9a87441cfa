// The router against a scripted shard: serials, certainty of errors, bounds, order.
#include "router/internal/frames.h"
#include "router/router_world_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::router::testing {
namespace {

TEST_F(RouterTest, WritesOfAllSessionsGetConsecutiveSerialsInOneBatch) {
  register_node();
  Session& a = open();
  Session& b = open();
  TestCall& first = submit(a, "a1");
  submit(b, "b1");
  TestCall& third = submit(a, "a2");
  run();
  ASSERT_EQ(shard_.batches.size(), 1U);
  EXPECT_EQ(shard_.batches[0].first, 1U);
  EXPECT_EQ(shard_.batches[0].commands, (std::vector<std::string>{"a1", "b1", "a2"}));
  answer(1, "one");
  EXPECT_EQ(first.text, "one");
  EXPECT_EQ(third.completions, 0);
  answer(2, "two");
  answer(3, "three");
  EXPECT_EQ(third.text, "three");
  answer(3, "again");
  EXPECT_EQ(third.completions, 1) << "an answer that comes twice counts once";
  submit(a, "a3");
  run();
  EXPECT_EQ(shard_.batches.back().first, 4U);
  EXPECT_EQ(shard_.batches.back().acknowledged, 3U);
}

TEST_F(RouterTest, AfterALeaderChangeTheWholeSuffixIsSentAgainInOrder) {
  register_node();
  Session& session = open();
  for (const char* command : {"1", "2", "3"}) {
    submit(session, command);
  }
  run();
  answer(1, "");
  router_->on_leadership(kShard, true, kSelf);
  submit(session, "4");
  run();
  EXPECT_EQ(shard_.batches.back().first, 2U);
  EXPECT_EQ(shard_.batches.back().commands, (std::vector<std::string>{"2", "3", "4"}));
}

TEST_F(RouterTest, ARegistrationIsNeverRepeatedWithTheSameIdentifier) {
  for (int i = 0; i < 5; ++i) {
    router_->on_leadership(kShard, true, kSelf);
    run();
  }
  std::vector<model::SessionId> ids = shard_.registered;
  ASSERT_GE(ids.size(), 5U);
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST_F(RouterTest, WithoutALeaderTheErrorIsDefinite) {
  register_node();
  shard_.leader_id = {};
  router_->on_leadership(kShard, false, {});
  TestCall& call = submit(open(), "w");
  run(Duration::seconds(4));
  EXPECT_EQ(call.completions, 0);
  run(Duration::seconds(2));
  ASSERT_EQ(call.completions, 1);
  EXPECT_EQ(call.code, ErrorCode::no_leader);
  EXPECT_EQ(base::certainty_of(call.code), base::Certainty::definite);
}

TEST_F(RouterTest, SentAndNotAnsweredIsUnknownAndItsSerialBecomesATouch) {
  register_node();
  Session& session = open();
  TestCall& lost = submit(session, "w");
  run();
  const std::size_t sent_before = shard_.batches.size();
  ASSERT_EQ(sent_before, 1U);
  run(Duration::seconds(6));
  ASSERT_EQ(lost.completions, 1);
  EXPECT_EQ(lost.code, ErrorCode::unknown_outcome);
  TestCall& next = submit(session, "next");
  router_->on_leadership(kShard, true, kSelf);
  run();
  EXPECT_EQ(shard_.batches.back().first, 1U) << "no gap";
  EXPECT_EQ(shard_.batches.back().commands, (std::vector<std::string>{touch(), "next"}));
  answer(1, "");
  answer(2, "done");
  EXPECT_EQ(next.text, "done");
  EXPECT_EQ(lost.completions, 1);
}

TEST_F(RouterTest, RefusedAttemptsLeaveTheErrorDefinite) {
  register_node();
  shard_.refuse = ErrorCode::disk_full;
  TestCall& call = submit(open(), "w");
  run(Duration::seconds(6));
  ASSERT_EQ(call.completions, 1);
  EXPECT_EQ(call.code, ErrorCode::disk_full);
}

TEST_F(RouterTest, LaterRefusalOfAnAcceptedBatchIsSentAgain) {
  register_node();
  TestCall& call = submit(open(), "w");
  run();
  router_->on_refused(kShard, session(), model::Serial(1), 1, ErrorCode::not_leader);
  run(Duration::milliseconds(50));
  ASSERT_EQ(shard_.batches.size(), 2U);
  EXPECT_EQ(shard_.batches[1].first, 1U);
  answer(1, "ok");
  EXPECT_TRUE(call.ok);
}

TEST_F(RouterTest, AnExpiredSessionMovesWhatWasSentOnceToTheNext) {
  register_node();
  Session& session_of_client = open();
  TestCall& once = submit(session_of_client, "once");
  run();
  const model::SessionId old = session();
  router_->on_result(kShard, old, model::Serial(1), base::fail(ErrorCode::session_expired));
  run();
  ASSERT_NE(session(), old);
  answer(0, "");
  run();
  EXPECT_EQ(once.completions, 0);
  EXPECT_EQ(shard_.batches.back().session, session());
  EXPECT_EQ(shard_.batches.back().first, 1U);
  answer(1, "ok");
  EXPECT_TRUE(once.ok);
}

TEST_F(RouterTest, AnExpiredSessionMakesWhatWasSentTwiceUnknown) {
  register_node();
  TestCall& twice = submit(open(), "twice");
  run();
  router_->on_leadership(kShard, true, kSelf);
  run();
  ASSERT_EQ(shard_.batches.size(), 2U);
  router_->on_result(kShard, session(), model::Serial(1), base::fail(ErrorCode::session_expired));
  EXPECT_EQ(twice.completions, 1);
  EXPECT_EQ(twice.code, ErrorCode::unknown_outcome);
}

TEST_F(RouterTest, AReadWaitsForTheEarlierWritesOfItsSessionOnly) {
  register_node();
  Session& a = open();
  Session& b = open();
  submit(a, "w");
  TestCall& own = submit(a, "r", /*read_only=*/true);
  TestCall& other = submit(b, "r", /*read_only=*/true);
  run();
  EXPECT_EQ(own.completions, 0);
  EXPECT_EQ(other.completions, 1);
  answer(1, "");
  run();
  EXPECT_TRUE(own.ok);
}

TEST_F(RouterTest, AWriteWaitsForTheEarlierReadsOfItsSession) {
  register_node();
  shard_.answer_reads = false;
  Session& session = open();
  submit(session, "r", /*read_only=*/true);
  submit(session, "w");
  run();
  EXPECT_TRUE(shard_.batches.empty());
  ASSERT_EQ(shard_.reads.size(), 1U);
  shard_.reads[0]->complete(base::ByteView("x"));
  run();
  ASSERT_EQ(shard_.batches.size(), 1U);
}

TEST_F(RouterTest, AReadThatOvertookAnEarlierOneIsDoneAgain) {
  register_node();
  shard_.answer_reads = false;
  Session& session = open();
  TestCall& first = submit(session, "r1", /*read_only=*/true);
  TestCall& second = submit(session, "r2", /*read_only=*/true);
  ASSERT_EQ(shard_.reads.size(), 2U);
  shard_.reads[1]->complete(base::ByteView("older state"));
  EXPECT_EQ(second.completions, 0);
  shard_.reads[0]->complete(base::ByteView("newer state"));
  EXPECT_EQ(first.text, "newer state");
  run();
  ASSERT_EQ(shard_.reads.size(), 3U);
  shard_.reads[2]->complete(base::ByteView("newest state"));
  EXPECT_EQ(second.text, "newest state");
}

TEST_F(RouterTest, BeyondTheBoundsTheAnswerIsBusyAtOnce) {
  make_router({.session_bytes_max = 10, .session_calls_max = 3});
  register_node();
  Session& session = open();
  submit(session, std::string(100, 'x'));
  EXPECT_EQ(submit(session, "y").code, ErrorCode::busy) << "one large call alone fits";
  Session& other = open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(submit(other, "z").completions, 0);
  }
  EXPECT_EQ(submit(other, "z").code, ErrorCode::busy);
  make_router({.node_calls_max = 2});
  EXPECT_EQ(submit(open(), "1").completions, 0);
  EXPECT_EQ(submit(open(), "2").completions, 0);
  EXPECT_EQ(submit(open(), "3").code, ErrorCode::busy);
}

TEST_F(RouterTest, EndingASessionCompletesItsCallsAndKeepsItsSerials) {
  register_node();
  TestCall& written = submit(open(), "w");
  TestCall& waiting = submit(*sessions_.back(), "r", /*read_only=*/true);
  run();
  sessions_.pop_back();
  EXPECT_EQ(written.code, ErrorCode::cancelled);
  EXPECT_EQ(waiting.code, ErrorCode::cancelled);
  TestCall& next = submit(open(), "n");
  run();
  EXPECT_EQ(shard_.batches.back().first, 2U);
  answer(1, "");
  answer(2, "ok");
  EXPECT_EQ(written.completions, 1);
  EXPECT_TRUE(next.ok);
}

// In the log they would stop every replica for good.
TEST_F(RouterTest, ALeaderRefusesForwardedCommandsThatItCannotRead) {
  const auto forwarded = [this](const std::vector<std::string>& commands) {
    std::string frame;
    begin_commands(
        frame,
        {.session = model::SessionId(5), .first_serial = model::Serial(1), .acknowledged = {}});
    for (const std::string& command : commands) {
      base::Writer(frame).bytes(command);
    }
    transport_.frames.clear();
    EXPECT_TRUE(
        router_->on_frame(model::NodeId(2), peer::FrameType::forward_request, kShard, frame));
    run();
    ReplyRecord record;
    if (!transport_.frames.empty()) {
      base::Reader in(transport_.frames.back().second);
      EXPECT_TRUE(next_reply(in, record).value());
      EXPECT_EQ(record.kind, ReplyKind::refused);
      EXPECT_EQ(record.count, commands.size());
    }
    return error_from(record.error).code;
  };
  std::string later = touch();
  later[0] = 9;
  EXPECT_EQ(forwarded({touch(), later}), ErrorCode::format_unknown);
  EXPECT_EQ(forwarded({touch().substr(0, 2), touch()}), ErrorCode::malformed);
  EXPECT_TRUE(shard_.batches.empty());
  static_cast<void>(forwarded({touch(), touch()}));
  ASSERT_EQ(shard_.batches.size(), 1U);
  EXPECT_EQ(shard_.batches[0].commands.size(), 2U);
}

TEST_F(RouterTest, ForwardsWhenAnotherNodeLeadsAndTakesItsReplies) {
  // The leader's router at the other end of the wire.
  ScriptedShard far_shard;
  far_shard.leader_id = kSelf;  // `leads()` of a scripted shard; the far router is node 2
  SilentTransport far_transport;
  NodeRouter far(executor_, far_shard, far_transport,
                 {.shard = kShard, .self = model::NodeId(2), .seed = 9});
  EXPECT_TRUE(far.on_frame(kSelf, peer::FrameType::forward_request, kShard, "\x09 noise"));
  const auto carry = [&] {
    for (int i = 0; i < 4; ++i) {
      run();
      for (const auto& [type, body] : std::exchange(transport_.frames, {})) {
        EXPECT_TRUE(far.on_frame(kSelf, type, kShard, body));
      }
      run();
      for (const auto& [type, body] : std::exchange(far_transport.frames, {})) {
        EXPECT_TRUE(router_->on_frame(model::NodeId(2), type, kShard, body));
      }
    }
  };
  shard_.leader_id = model::NodeId(2);
  router_->on_leadership(kShard, false, shard_.leader_id);
  carry();
  ASSERT_FALSE(far_shard.registered.empty());
  const model::SessionId session = far_shard.registered.front();
  far.on_result(kShard, session, model::Serial(0), base::ByteView());
  carry();
  ASSERT_TRUE(router_->status().session_registered);
  Session& client = open();
  TestCall& write = submit(client, touch());
  TestCall& another = submit(client, touch());
  TestCall& read = submit(open(), "r", /*read_only=*/true);
  carry();
  ASSERT_FALSE(far_shard.batches.empty());
  EXPECT_EQ(far_shard.batches[0].session, session);
  EXPECT_EQ(far_shard.batches[0].commands, (std::vector<std::string>{touch(), touch()}));
  EXPECT_EQ(read.text, "read");
  far.on_result(kShard, session, model::Serial(1), base::ByteView("one"));
  far.on_refused(kShard, session, model::Serial(2), 1, ErrorCode::busy);
  carry();
  EXPECT_EQ(write.text, "one");
  EXPECT_EQ(another.completions, 0);
  run(Duration::milliseconds(30));
  carry();
  EXPECT_EQ(far_shard.batches.back().first, 2U);
  EXPECT_EQ(far_shard.batches.back().commands, (std::vector<std::string>{touch()}));
}

TEST_F(RouterTest, StoppingTellsWhatIsCertain) {
  register_node();
  Session& session = open();
  TestCall& sent = submit(session, "w");
  run();
  shard_.refuse = ErrorCode::busy;
  TestCall& unsent = submit(session, "v");
  run();
  router_->stop();
  EXPECT_EQ(sent.code, ErrorCode::unknown_outcome);
  EXPECT_EQ(unsent.code, ErrorCode::shutting_down);
  EXPECT_EQ(submit(session, "late").code, ErrorCode::shutting_down);
}

}  // namespace
}  // namespace ostraka::router::testing
