// MULTI, EXEC, WATCH: one entry of the log, all or nothing.
#include "codec/operation.h"
#include "gateway/resp/test_world.h"

#include <gtest/gtest.h>

namespace ostraka::gateway::resp {
namespace {

using testing::Client;
using testing::encode;
using testing::World;

class Transactions : public ::testing::Test {
 protected:
  World world;
  std::unique_ptr<Client> client = world.connect();
  std::unique_ptr<Client> other = world.connect();

  // Everything in one go; the replies joined.
  std::string play(std::initializer_list<const char*> commands) {
    std::string bytes;
    for (const char* command : commands) {
      bytes += encode(testing::split(command));
    }
    return client->ask(bytes);
  }
};

TEST_F(Transactions, AreOneEntryOfTheLog) {
  const std::uint64_t before = world.router.writes;
  EXPECT_EQ(play({"MULTI", "SET a 1", "INCR a", "GET a", "EXEC"}),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
  EXPECT_EQ(world.router.writes, before + 1);
}

TEST_F(Transactions, QueueWithoutEffectUntilExec) {
  EXPECT_EQ(play({"MULTI", "SET a 1"}), "+OK\r\n+QUEUED\r\n");
  EXPECT_EQ(other->command("GET a"), "$-1\r\n");
  EXPECT_EQ(client->command("DISCARD"), "+OK\r\n");
  EXPECT_EQ(client->command("GET a"), "$-1\r\n");
}

TEST_F(Transactions, FailuresOfSingleCommandsDoNotStopTheOthers) {
  EXPECT_EQ(
      play({"MULTI", "SET a x", "INCR a", "SET b y", "EXEC"}),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n-ERR value is not an integer or out "
      "of range\r\n+OK\r\n");
  EXPECT_EQ(client->command("GET b"), "$1\r\ny\r\n");
}

TEST_F(Transactions, RefusedCommandsAbortExec) {
  EXPECT_EQ(play({"MULTI", "SET a", "SET b 1", "EXEC"}),
            "+OK\r\n-ERR wrong number of arguments for 'set' command\r\n+QUEUED\r\n-EXECABORT "
            "Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(
      play({"MULTI", "NOPE", "EXEC", "EXISTS b"}),
      "+OK\r\n-ERR unknown command 'NOPE', with args beginning with: \r\n-EXECABORT Transaction "
      "discarded because of previous errors.\r\n:0\r\n");
}

TEST_F(Transactions, Misuse) {
  EXPECT_EQ(
      play({"EXEC", "DISCARD", "MULTI", "MULTI", "WATCH a", "SET a 1", "EXEC"}),
      "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n+OK\r\n-ERR MULTI calls can not "
      "be nested\r\n-ERR WATCH inside MULTI is not allowed\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(
      play({"MULTI", "SCAN 0", "EXEC"}),
      "+OK\r\n-ERR Command not allowed inside a transaction\r\n-EXECABORT Transaction discarded "
      "because of previous errors.\r\n");
  EXPECT_EQ(play({"MULTI", "EXEC"}), "+OK\r\n*0\r\n");
}

TEST_F(Transactions, LocalCommandsAndSelectRunInTheirPlace) {
  EXPECT_EQ(play({"MULTI", "SELECT 2", "SET a 1", "PING", "SELECT 0", "EXISTS a", "EXEC",
                  "SELECT 2", "GET a"}),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
            "*5\r\n+OK\r\n+OK\r\n+PONG\r\n+OK\r\n:0\r\n+OK\r\n$1\r\n1\r\n");
}

TEST_F(Transactions, WatchedKeysMustNotChange) {
  EXPECT_EQ(play({"SET a 1", "WATCH a b"}), "+OK\r\n+OK\r\n");
  other->command("SET b 1");
  EXPECT_EQ(play({"MULTI", "SET a 2", "EXEC", "GET a"}), "+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n1\r\n");
  // The watch is over: the next one goes through.
  EXPECT_EQ(play({"MULTI", "SET a 3", "EXEC"}), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}

TEST_F(Transactions, WatchSeesOwnWritesAndExpiry) {
  EXPECT_EQ(play({"SET a 1 EX 10", "WATCH a", "SET a 2 KEEPTTL", "MULTI", "PING", "EXEC"}),
            "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  EXPECT_EQ(client->command("WATCH a"), "+OK\r\n");
  world.router.advance(10'000);
  EXPECT_EQ(play({"MULTI", "PING", "EXEC"}), "+OK\r\n+QUEUED\r\n*-1\r\n");
}

TEST_F(Transactions, AnAbortedSelectHasNotHappened) {
  EXPECT_EQ(play({"WATCH a", "SET a 1", "MULTI", "SELECT 1", "EXEC", "GET a"}),
            "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n1\r\n");
  EXPECT_EQ(play({"WATCH b", "MULTI", "SELECT 1", "EXEC", "GET a"}),
            "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n$-1\r\n");
}

TEST_F(Transactions, UnwatchAndDiscardForgetWatchedKeys) {
  EXPECT_EQ(play({"WATCH a", "SET a 1", "UNWATCH", "MULTI", "PING", "EXEC"}),
            "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
  EXPECT_EQ(play({"WATCH a", "SET a 2", "MULTI", "DISCARD", "MULTI", "PING", "EXEC"}),
            "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
}

TEST_F(Transactions, ComputedCommandsAreOneEntryToo) {
  const std::uint64_t before = world.router.writes;
  EXPECT_EQ(play({"MULTI", "SET a 1.5", "INCRBYFLOAT a 2", "INCRBYFLOAT a 0.25", "MSETNX b 1 c 2",
                  "MSETNX c 3 d 4", "GET c", "EXEC"}),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
            "*6\r\n+OK\r\n$3\r\n3.5\r\n$4\r\n3.75\r\n:1\r\n:0\r\n$1\r\n2\r\n");
  EXPECT_EQ(world.router.writes, before + 1);
  EXPECT_EQ(client->command("EXISTS d"), ":0\r\n");
}

TEST_F(Transactions, ComputedCommandsThatDependOnUnknownResultsAbort) {
  const std::uint64_t before = world.router.writes;
  const std::string replies = play({"MULTI", "APPEND a 1", "INCRBYFLOAT a 2", "EXEC"});
  EXPECT_TRUE(replies.starts_with("+OK\r\n+QUEUED\r\n+QUEUED\r\n-EXECABORT ")) << replies;
  EXPECT_EQ(world.router.writes, before);
}

// Another client writes between the read and the guarded write: the command computes again.
TEST_F(Transactions, ComputedCommandsTryAgainWhenTheirKeysChange) {
  client->command("SET a 1");
  int disturbances = 2;
  world.router.before_call = [&](const router::Call& call) -> std::optional<base::Error> {
    if (!call.read_only && disturbances > 0) {
      --disturbances;
      auto hook = std::exchange(world.router.before_call, {});
      // Straight into the state, as if it came from elsewhere.
      const auto session = world.router.open_session();
      struct Done final : router::Call {
        void complete(const base::Result<base::ByteView>&) override {}
      } write;
      codec::CommandBuilder builder;
      builder.add({.code = codec::OpCode::increment,
                   .keyspace = model::KeyspaceId(1),
                   .number = 10,
                   .key = "a"});
      write.command = base::Buffer::take(builder.take());
      session->submit(write);
      world.router.before_call = std::move(hook);
    }
    return std::nullopt;
  };
  EXPECT_EQ(client->command("INCRBYFLOAT a 0.5"), "$4\r\n21.5\r\n");
  world.router.before_call = nullptr;
}

TEST_F(Transactions, WatchedKeyThatChangesAbortsAComputedTransaction) {
  client->command("WATCH w");
  other->command("SET w 1");
  EXPECT_EQ(play({"MULTI", "INCRBYFLOAT a 1", "EXEC", "EXISTS a"}),
            "+OK\r\n+QUEUED\r\n*-1\r\n:0\r\n");
}

TEST_F(Transactions, AreBoundedInBytes) {
  Options options;
  options.connection.transaction_bytes_max = 1000;
  World small(options);
  const auto small_client = small.connect();
  small_client->command("MULTI");
  EXPECT_EQ(small_client->command(std::vector<std::string>{"SET", "a", std::string(2000, 'x')}),
            "-ERR the transaction is too large\r\n");
  EXPECT_TRUE(small_client->command("EXEC").starts_with("-EXECABORT"));
}

}  // namespace
}  // namespace ostraka::gateway::resp
