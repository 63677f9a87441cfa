#include "sim_ports/sim_executor.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::sim_ports {
namespace {

using base::Duration;
using base::Instant;

class SimExecutorTest : public ::testing::Test {
 protected:
  void run_for(Duration span) { scheduler.run_until(scheduler.now() + span); }

  SimScheduler scheduler;
  SimClock clock;
  std::unique_ptr<SimExecutor> executor = std::make_unique<SimExecutor>(scheduler, clock, 1);
  std::string log;
};

TEST_F(SimExecutorTest, PostedWorkRunsInOrderAndEndOfTurnWorkBehindIt) {
  executor->post_end_of_turn([this] { log += "e"; });
  executor->post([this] {
    log += "a";
    executor->post([this] { log += "c"; });
  });
  executor->post([this] { log += "b"; });
  run_for(Duration::milliseconds(1));
  EXPECT_EQ(log, "abce");
}

TEST_F(SimExecutorTest, ATimerFiresOnceAtItsDeadlineAndAgainWhenArmedAgain) {
  auto timer = executor->make_timer([this] { log += "t"; });
  timer->arm(executor->now() + Duration::milliseconds(5));
  timer->arm(executor->now() + Duration::milliseconds(10));
  run_for(Duration::milliseconds(9));
  EXPECT_EQ(log, "");
  run_for(Duration::milliseconds(2));
  EXPECT_EQ(log, "t");
  timer->arm(executor->now() + Duration::milliseconds(1));
  timer->disarm();
  run_for(Duration::milliseconds(5));
  EXPECT_EQ(log, "t");
}

TEST_F(SimExecutorTest, JobsOfALaneRunInOrderAndTheirCompletionsFollow) {
  executor->run_blocking(0, [this] { log += "1"; }, [this] { log += "x"; });
  executor->run_blocking(0, [this] { log += "2"; }, [this] { log += "y"; });
  run_for(Duration::milliseconds(10));
  EXPECT_LT(log.find('1'), log.find('2'));
  EXPECT_LT(log.find('1'), log.find('x'));
  EXPECT_LT(log.find('2'), log.find('y'));
}

TEST_F(SimExecutorTest, ACrashDropsEverythingPending) {
  auto timer = executor->make_timer([this] { log += "t"; });
  timer->arm(executor->now() + Duration::milliseconds(1));
  executor->post([this] { log += "p"; });
  executor->run_blocking(0, [this] { log += "j"; }, [this] { log += "d"; });
  timer.reset();
  executor.reset();
  run_for(Duration::seconds(1));
  EXPECT_EQ(log, "");
}

TEST_F(SimExecutorTest, APausedProcessRunsLaterAndItsClockGoesOn) {
  auto timer = executor->make_timer([this] { log += "t"; });
  timer->arm(executor->now() + Duration::milliseconds(1));
  const Instant before = executor->now();
  scheduler.pause(executor->owner(), scheduler.now() + Duration::milliseconds(50));
  run_for(Duration::milliseconds(40));
  EXPECT_EQ(log, "");
  EXPECT_EQ(executor->now() - before, Duration::milliseconds(40));
  run_for(Duration::milliseconds(20));
  EXPECT_EQ(log, "t");
}

TEST_F(SimExecutorTest, AFastClockReachesItsDeadlineEarlier) {
  clock.set_rate(scheduler.now(), 2000);
  auto timer = executor->make_timer([this] { log += "t"; });
  timer->arm(executor->now() + Duration::milliseconds(10));
  run_for(Duration::milliseconds(4));
  EXPECT_EQ(log, "");
  run_for(Duration::milliseconds(2));
  EXPECT_EQ(log, "t");
}

}  // namespace
}  // namespace ostraka::sim_ports
