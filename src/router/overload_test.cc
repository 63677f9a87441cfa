// Writes that wait for too long: which ones are refused, and what becomes of those around them.
#include "router/router_world_test.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::router::testing {
namespace {

constexpr RouterOptions kOptions{.queue_time_max = Duration::milliseconds(50),
                                 .queue_calls_min = 4};

class OverloadTest : public RouterTest {
 protected:
  OverloadTest() {
    make_router(kOptions);
    register_node();
    client_ = &open();
  }

  void submit_many(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(write().completions, 0) << "taken";
    }
    run();
  }
  TestCall& write(const std::string& command = "w") { return submit(*client_, command); }
  [[nodiscard]] bool is_refused() {
    const TestCall& call = write();
    EXPECT_TRUE(call.completions == 0 || call.code == ErrorCode::busy);
    return call.completions == 1;
  }
  void wait(std::int64_t ms) { run(Duration::milliseconds(ms)); }

  Session* client_ = nullptr;
};

TEST_F(OverloadTest, WhenManyWaitForTooLongTheNextIsRefusedAtOnce) {
  submit_many(4);
  wait(48);
  EXPECT_FALSE(is_refused());
  wait(10);
  EXPECT_TRUE(is_refused());
  EXPECT_EQ(base::certainty_of(ErrorCode::busy), base::Certainty::definite);
  EXPECT_EQ(router_->status().counters.busy, 1U);
  EXPECT_EQ(router_->status().calls_in_flight, 5U);
}

TEST_F(OverloadTest, FewAreNotRefusedHoweverLongTheyWait) {
  submit_many(3);
  wait(4000);
  EXPECT_FALSE(is_refused());
}

TEST_F(OverloadTest, TheTimeThatAnAnswerTakesOnASlowLinkIsNoQueue) {
  submit_many(1);
  wait(299);
  answer(1, "");
  submit_many(4);
  wait(320);
  EXPECT_FALSE(is_refused());
  wait(40);
  EXPECT_TRUE(is_refused());
}

TEST_F(OverloadTest, AFastAnswerOfLongAgoIsForgotten) {
  submit_many(1);
  answer(1, "");
  std::uint64_t serial = 1;
  for (int i = 0; i < 60; ++i) {  // the link has become a slow one
    submit_many(1);
    wait(299);
    answer(++serial, "");
  }
  submit_many(4);
  wait(320);
  EXPECT_FALSE(is_refused());
}

TEST_F(OverloadTest, AStandingQueueNeverPassesForASlowLink) {
  submit_many(4);
  std::uint64_t oldest = 1;
  for (int i = 0; i < 1500; ++i) {  // 15 s, in which each waits for 40 ms
    submit_many(1);
    answer(oldest++, "");
    wait(9);
  }
  wait(30);
  EXPECT_TRUE(is_refused());
}

TEST_F(OverloadTest, OneIsTakenAgainAsSoonAsTheOldestOnesAreAnswered) {
  submit_many(4);
  wait(9);
  submit_many(4);
  wait(45);
  EXPECT_TRUE(is_refused());
  for (std::uint64_t serial = 1; serial <= 4; ++serial) {
    answer(serial, "");
  }
  EXPECT_FALSE(is_refused()) << "those that are the oldest now came 10 ms later";
}

// It will take longer than what the oldest one, which found an empty queue, has waited so far.
TEST_F(OverloadTest, AQueueThatGrowsIsBoundedBeforeItsOldestWriteHasWaitedForSoLong) {
  submit_many(4);
  wait(29);
  int taken = 0;
  while (!is_refused()) {
    ++taken;
  }
  EXPECT_EQ(taken, 3) << "30 ms for 4, 52 ms for 7";
}

TEST_F(OverloadTest, ARefusedWriteTakesNoSerial) {
  for (const char* command : {"1", "2", "3", "4"}) {
    write(command);
  }
  wait(60);
  EXPECT_EQ(write("refused").code, ErrorCode::busy);
  answer(1, "");
  TestCall& taken = write("5");
  run();
  EXPECT_EQ(shard_.batches.back().first, 5U);
  EXPECT_EQ(shard_.batches.back().commands, (std::vector<std::string>{"5"}));
  router_->on_leadership(kShard, true, kSelf);
  run();
  EXPECT_EQ(shard_.batches.back().first, 2U);
  EXPECT_EQ(shard_.batches.back().commands, (std::vector<std::string>{"2", "3", "4", "5"}));
  for (std::uint64_t serial = 2; serial <= 5; ++serial) {
    answer(serial, "ok");
  }
  EXPECT_TRUE(taken.ok);
}

TEST_F(OverloadTest, AWriteBehindAReadIsRefusedWhenItsTurnComes) {
  shard_.answer_reads = false;
  Session& other = open();
  submit(other, "r", /*read_only=*/true);
  TestCall& behind = submit(other, "behind");
  TestCall& next = submit(other, "r", /*read_only=*/true);
  submit_many(4);
  wait(60);
  EXPECT_EQ(behind.completions, 0);
  shard_.answer_reads = true;
  shard_.reads[0]->complete(base::ByteView("x"));
  run();
  EXPECT_EQ(behind.completions, 1);
  EXPECT_EQ(behind.code, ErrorCode::busy);
  EXPECT_TRUE(next.ok) << "it waits for no write";
  EXPECT_EQ(other.in_flight(), 0U);
}

TEST_F(OverloadTest, ReadsAreNotRefused) {
  submit_many(4);
  wait(60);
  EXPECT_TRUE(submit(open(), "r", /*read_only=*/true).ok);
}

TEST_F(OverloadTest, AtAFollowerTheAnswerIsTheSame) {
  shard_.leader_id = model::NodeId(2);
  router_->on_leadership(kShard, false, shard_.leader_id);
  run();
  transport_.frames.clear();
  submit_many(4);
  EXPECT_EQ(transport_.frames.size(), 1U);
  wait(60);
  EXPECT_TRUE(is_refused());
  run();
  EXPECT_EQ(transport_.frames.size(), 1U) << "nothing is forwarded";
}

// They wait for space until their deadline, and make way when a removal comes.
TEST_F(OverloadTest, WritesThatWaitForSpaceDoNotKeepARemovalOut) {
  shard_.refuse = ErrorCode::disk_full;
  codec::CommandBuilder command;
  command.add({.code = codec::OpCode::set, .key = "k", .value = "v"});
  const TestCall& waiting = write(command.take());
  submit_many(4);
  wait(60);
  command.add({.code = codec::OpCode::remove, .key = "k"});
  const TestCall& removes = write(command.take());
  EXPECT_EQ(removes.completions, 0);
  wait(30);
  EXPECT_EQ(waiting.code, ErrorCode::disk_full);
  EXPECT_EQ(removes.completions, 0);
}

}  // namespace
}  // namespace ostraka::router::testing
