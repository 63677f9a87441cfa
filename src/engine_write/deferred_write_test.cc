#include "engine_write/deferred_write.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace ostraka::engine_write {
namespace {

// Keeps the jobs; the tests run them.
class HeldJobs final : public port::Executor {
 public:
  base::Instant now() override { return {}; }
  base::WallTime wall_now() override { return {}; }
  void post(port::Closure) override {}
  void post_end_of_turn(port::Closure) override {}
  void post_remote(port::Closure) override {}
  std::unique_ptr<port::Timer> make_timer(port::Closure) override { return nullptr; }
  void run_blocking(unsigned lane, port::Closure job, port::Closure) override {
    EXPECT_EQ(lane, 7U);
    jobs.push_back(std::move(job));
  }
  std::vector<port::Closure> jobs;
};

class DeferredWriteTest : public testing::Test {
 protected:
  std::unique_ptr<DeferredWrite> begin() {
    return std::make_unique<DeferredWrite>(executor_, 7, [this]() -> base::Status {
      ++writes_;
      return base::fail(base::ErrorCode::busy, "the outcome");
    });
  }

  HeldJobs executor_;
  int writes_ = 0;
};

TEST_F(DeferredWriteTest, ThePoolDoesItOnceAndTheOutcomeStays) {
  const auto write = begin();
  EXPECT_FALSE(write->done());
  executor_.jobs[0]();
  EXPECT_TRUE(write->done());
  EXPECT_EQ(write->finish().error().code, base::ErrorCode::busy);
  EXPECT_EQ(write->finish().error().code, base::ErrorCode::busy);
  EXPECT_EQ(writes_, 1);
}

TEST_F(DeferredWriteTest, WhoeverNeedsItFirstDoesIt) {
  auto write = begin();
  EXPECT_EQ(write->finish().error().code, base::ErrorCode::busy);
  EXPECT_TRUE(write->done());
  write.reset();
  executor_.jobs[0]();
  EXPECT_EQ(writes_, 1);
}

TEST_F(DeferredWriteTest, WhatNobodyHasBegunIsTakenBack) {
  begin().reset();
  executor_.jobs[0]();
  EXPECT_EQ(writes_, 0);
}

TEST_F(DeferredWriteTest, OneThatIsOverSaysSo) {
  DeferredWrite write(base::Status{});
  EXPECT_TRUE(write.done());
  EXPECT_TRUE(write.finish().has_value());
}

TEST_F(DeferredWriteTest, WhatSomebodyHasBegunIsWaitedFor) {
  for (const bool drops : {false, true}) {
    std::latch begun(1);
    std::latch go_on(1);
    std::atomic<bool> ended = false;
    auto write = std::make_unique<DeferredWrite>(executor_, 7, [&]() -> base::Status {
      begun.count_down();
      go_on.wait();
      ended = true;
      return {};
    });
    std::thread pool([job = std::move(executor_.jobs.back())]() mutable { job(); });
    begun.wait();
    EXPECT_FALSE(write->done());
    std::thread other([&] { go_on.count_down(); });
    if (drops) {
      write.reset();
    } else {
      EXPECT_TRUE(write->finish().has_value());
    }
    EXPECT_TRUE(ended);
    pool.join();
    other.join();
  }
}

}  // namespace
}  // namespace ostraka::engine_write
