// What clients see when a node is stopped: every command that reaches it gets an answer.
#include "gateway/resp/server.h"
#include "gateway/resp/test_world.h"

#include <gtest/gtest.h>

namespace ostraka::gateway::resp {
namespace {

using base::Duration;
using testing::Client;
using testing::encode;
using testing::World;

constexpr const char* kRefused =
    "-TRYAGAIN the node is shutting down: nothing was done, ask another node\r\n";

class Drain : public ::testing::Test {
 protected:
  void drain(Duration limit = Duration::seconds(2)) {
    world_.server().drain(world_.executor.now() + limit, [this] { drained_ = true; });
    world_.run(Duration::milliseconds(20));
  }

  World world_;
  bool drained_ = false;
};

TEST_F(Drain, WithoutConnectionsItIsDoneAtOnce) {
  drain();
  EXPECT_TRUE(drained_);
  EXPECT_EQ(world_.server().address(), "");
}

TEST_F(Drain, CommandsInFlightAreAnsweredAndLaterOnesRefused) {
  world_.router.hold = true;
  const auto client = world_.connect();
  EXPECT_EQ(client->ask(encode({"SET", "a", "1"}) + encode({"GET", "a"})), "");
  drain();
  EXPECT_EQ(client->ask(encode({"SET", "a", "2"})), "");
  EXPECT_FALSE(drained_);
  world_.router.release();
  world_.settle();
  EXPECT_EQ(client->take(), std::string("+OK\r\n$1\r\n1\r\n") + kRefused);
  EXPECT_TRUE(client->is_closed());
  EXPECT_TRUE(drained_);
  EXPECT_EQ(world_.router.writes, 1U);
  EXPECT_EQ(world_.server().statistics().commands_in_flight, 0U);
  EXPECT_EQ(world_.server().statistics().connections_open, 0U);
}

TEST_F(Drain, ASilentConnectionMayStillAskForAWhile) {
  const auto early = world_.connect();
  const auto silent = world_.connect();
  drain();
  EXPECT_FALSE(early->is_closed());
  EXPECT_EQ(early->ask(encode({"SET", "a", "1"}) + encode({"PING"})),
            std::string(kRefused) + kRefused);
  EXPECT_TRUE(early->is_closed());
  EXPECT_FALSE(silent->is_closed());
  EXPECT_FALSE(drained_);
  world_.run(Duration::milliseconds(300));
  EXPECT_TRUE(silent->is_closed());
  EXPECT_EQ(silent->take(), "");
  EXPECT_TRUE(drained_);
  EXPECT_EQ(world_.router.writes, 0U);
}

TEST_F(Drain, AtTheLimitEveryCommandIsAnsweredAllTheSame) {
  world_.router.hold = true;
  const auto plain = world_.connect();
  const auto job = world_.connect();
  plain->ask(encode({"SET", "a", "1"}) + encode({"GET", "a"}) + encode({"PING"}));
  job->ask(encode({"INCRBYFLOAT", "f", "1.5"}) + encode({"PING"}));
  drain(Duration::milliseconds(500));
  EXPECT_FALSE(drained_);
  world_.run(Duration::milliseconds(500));
  EXPECT_TRUE(drained_);
  const std::string replies = plain->take();
  EXPECT_TRUE(replies.starts_with("-UNKNOWN ")) << replies;
  EXPECT_NE(replies.find("\r\n-TRYAGAIN the read"), std::string::npos) << replies;
  EXPECT_TRUE(replies.ends_with("\r\n+PONG\r\n")) << replies;
  EXPECT_TRUE(plain->is_closed());
  const std::string of_job = job->take();
  EXPECT_TRUE(of_job.starts_with("-TRYAGAIN ")) << of_job;  // it had only read so far
  EXPECT_TRUE(job->is_closed());
}

TEST_F(Drain, ACommandInSeveralStepsGoesOn) {
  world_.router.hold = true;
  const auto client = world_.connect();
  client->ask(encode({"INCRBYFLOAT", "f", "1.5"}) + encode({"GET", "f"}));
  drain();
  for (int i = 0; i < 4; ++i) {
    world_.router.release();
    world_.run(Duration::milliseconds(10));
  }
  // What stood behind it had not been begun.
  EXPECT_EQ(client->take(), std::string("$3\r\n1.5\r\n") + kRefused);
  EXPECT_TRUE(drained_);
}

TEST_F(Drain, RepliesThatAreNotTakenDelayTheEndUntilTheLimit) {
  const auto slow = world_.connect();
  const auto gone = world_.connect();
  EXPECT_EQ(slow->command({"SET", "a", std::string(100'000, 'x')}), "+OK\r\n");
  std::string requests;
  for (int i = 0; i < 8; ++i) {
    requests += encode({"GET", "a"});
  }
  for (Client* client : {slow.get(), gone.get()}) {
    client->stop_reading();
    client->send(requests);
  }
  world_.settle();
  drain(Duration::seconds(2));
  world_.run(Duration::seconds(1));
  EXPECT_FALSE(drained_);
  slow->read_on();
  world_.run(Duration::milliseconds(500));
  const std::string replies = slow->take();
  EXPECT_GT(replies.size(), 800'000U);
  EXPECT_TRUE(slow->is_closed());
  EXPECT_FALSE(drained_);
  world_.run(Duration::seconds(1));
  EXPECT_TRUE(drained_);
}

}  // namespace
}  // namespace ostraka::gateway::resp
