// What one connection promises and what it is allowed: order, bounds, time-outs, errors.
#include "gateway/resp/internal/connection.h"

#include "gateway/resp/test_world.h"

#include <gtest/gtest.h>

namespace ostraka::gateway::resp {
namespace {

using base::Duration;
using testing::Client;
using testing::encode;
using testing::World;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

TEST(Connection, RepliesKeepTheOrderOfRequests) {
  for (const bool later : {false, true}) {
    World world;
    world.router.answer_later = later;
    const auto client = world.connect();
    std::string requests;
    std::string replies;
    for (int i = 0; i < 200; ++i) {
      const std::string n = std::to_string(i);
      requests += encode({"SET", "k", n}) + encode({"PING", n}) + encode({"GET", "k"}) +
                  encode({"NOPE"}) + encode({"INCRBYFLOAT", "f", "1"});
      const std::string bulk = "$" + std::to_string(n.size()) + "\r\n" + n + "\r\n";
      const std::string f = std::to_string(i + 1);
      replies += "+OK\r\n" + bulk + bulk +
                 "-ERR unknown command 'NOPE', with args beginning with: \r\n$" +
                 std::to_string(f.size()) + "\r\n" + f + "\r\n";
    }
    EXPECT_EQ(client->ask(requests), replies) << later;
  }
}

TEST(Connection, LocalRepliesWaitForThoseInFront) {
  World world;
  world.router.hold = true;
  const auto client = world.connect();
  EXPECT_EQ(client->ask(encode({"SET", "a", "1"}) + encode({"PING"}) + encode({"GET", "a"})), "");
  EXPECT_EQ(world.server().statistics().commands_in_flight, 3U);
  world.router.release();
  world.settle();
  EXPECT_EQ(client->take(), "+OK\r\n+PONG\r\n$1\r\n1\r\n");
  EXPECT_EQ(world.server().statistics().commands_in_flight, 0U);
}

TEST(Connection, TheProtocolOfAReplyIsThatOfItsRequest) {
  World world;
  world.router.hold = true;
  const auto client = world.connect();
  client->ask(encode({"GET", "x"}) + encode({"HELLO", "3"}) + encode({"GET", "x"}));
  world.router.release();
  world.settle();
  const std::string replies = client->take();
  EXPECT_TRUE(replies.starts_with("$-1\r\n%7\r\n")) << replies;
  EXPECT_TRUE(replies.ends_with("_\r\n")) << replies;
}

TEST(Connection, InlineCommandsAndPieces) {
  World world;
  const auto client = world.connect();
  EXPECT_EQ(client->ask("SET a \"x y\"\r\nGET a\r\n"), "+OK\r\n$3\r\nx y\r\n");
  const std::string request = encode({"GET", "a"});
  for (const char c : request.substr(0, request.size() - 1)) {
    EXPECT_EQ(client->ask(std::string(1, c)), "");
  }
  EXPECT_EQ(client->ask("\n"), "$3\r\nx y\r\n");
}

TEST(Connection, MalformedRequestsGetAnErrorAndTheEnd) {
  struct Case {
    std::string bytes;
    std::string error;
  };
  const Case cases[] = {
      {"*1000000000\r\n", "invalid multibulk length"},
      {"*9223372036854775808\r\n", "invalid multibulk length"},
      {"*1\r\n$-5\r\n", "invalid bulk length"},
      {"*1\r\n$9223372036854775807\r\n", "invalid bulk length"},
      {repeated("*1\r\n", 10'000), "expected '$', got '*'"},
      {"*1\r\n$4\r\nPINGxx", "expected CRLF behind a bulk string"},
      {std::string(100'000, 'a'), "too big inline request"},
      {"SET \"a\r\n", "unbalanced quotes in request"},
  };
  World world;
  const auto good = world.connect();
  for (const Case& each : cases) {
    const auto bad = world.connect();
    EXPECT_EQ(bad->ask(encode({"PING"}) + each.bytes + encode({"SET", "evil", "1"})),
              "+PONG\r\n-ERR Protocol error: " + each.error + "\r\n");
    EXPECT_TRUE(bad->is_closed()) << each.error;
  }
  EXPECT_EQ(good->command("EXISTS evil"), ":0\r\n");
  EXPECT_EQ(world.server().statistics().protocol_errors, std::size(cases));
  EXPECT_EQ(world.server().statistics().connections_open, 1U);
}

TEST(Connection, AProtocolErrorWaitsForRepliesInFront) {
  World world;
  world.router.hold = true;
  const auto client = world.connect();
  EXPECT_EQ(client->ask(encode({"SET", "a", "1"}) + "*x\r\n"), "");
  world.router.release();
  world.settle();
  EXPECT_EQ(client->take(), "+OK\r\n-ERR Protocol error: invalid multibulk length\r\n");
  EXPECT_TRUE(client->is_closed());
}

TEST(Connection, LongKeysAreRefused) {
  World world;
  const auto client = world.connect();
  const std::string longest(64U << 10U, 'k');
  EXPECT_EQ(client->command(std::vector<std::string>{"SET", longest, "1"}), "+OK\r\n");
  EXPECT_EQ(client->command(std::vector<std::string>{"MSET", "a", "1", longest + "k", "1"}),
            "-ERR a key is longer than 65536 bytes\r\n");
  EXPECT_EQ(client->command("EXISTS a"), ":0\r\n");
}

TEST(Connection, QuitAnswersAndClosesBehindEarlierReplies) {
  World world;
  world.router.answer_later = true;
  const auto client = world.connect();
  EXPECT_EQ(client->ask(encode({"SET", "a", "1"}) + encode({"QUIT"}) + encode({"SET", "a", "2"})),
            "+OK\r\n+OK\r\n");
  EXPECT_TRUE(client->is_closed());
  EXPECT_EQ(world.connect()->command("GET a"), "$1\r\n1\r\n");
}

TEST(Connection, RequestsInFlightAreBounded) {
  Options options;
  options.connection.in_flight_max = 10;
  World world(options);
  world.router.hold = true;
  const auto client = world.connect();
  client->ask(repeated(encode({"SET", "a", "1"}), 100));
  EXPECT_EQ(world.server().statistics().commands_in_flight, 10U);
  world.router.release();
  world.settle();
  EXPECT_EQ(client->take(), repeated("+OK\r\n", 100));
}

class ManualStream final : public port::Stream {
 public:
  void start(port::StreamHandler& /*handler*/) override {}
  void write(base::ByteView bytes) override { written += bytes; }
  void write(base::Buffer buffer) override { written += buffer.view(); }
  std::size_t pending_bytes() const override { return 0; }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  void close() override {}
  void abort() override {}
  std::string peer_address() const override { return "peer:1"; }
  std::string written;
  bool paused = false;
};

class NoOwner final : public ConnectionOwner {
 public:
  void on_ended(std::uint64_t /*id*/) override {}
};

TEST(Connection, APipelinedClientGetsAShareOfATurn) {
  World world;
  ServerContext context{.executor = world.executor,
                        .router = world.router,
                        .info = world.info,
                        .options = {},
                        .statistics = {},
                        .prng = base::Prng(1),
                        .cursors = CursorCache(),
                        .address = "server:1",
                        .visit_clients = {}};
  context.options.connection.commands_per_turn_max = 4;
  SlotPool pool;
  NoOwner owner;
  auto owned = std::make_unique<ManualStream>();
  ManualStream& stream = *owned;
  const auto connection = std::make_shared<Connection>(context, pool, owner, std::move(owned), 1);
  connection->start();
  std::string bytes = repeated(encode({"PING"}), 10);
  for (const int replies : {4, 8, 10}) {
    bytes.erase(0, connection->on_bytes(bytes));
    EXPECT_EQ(stream.written, repeated("+PONG\r\n", replies));
    EXPECT_EQ(stream.paused, replies < 10);
    world.settle();  // the next turn
    EXPECT_FALSE(stream.paused);
  }
  EXPECT_EQ(bytes, "");
}

TEST(Connection, AReaderThatNeverReadsIsCut) {
  Options options;
  options.connection.output_soft_bytes = 100'000;
  options.connection.output_stall = Duration::seconds(5);
  World world(options);
  const auto good = world.connect();
  good->command(std::vector<std::string>{"SET", "a", std::string(50'000, 'x')});
  const auto deaf = world.connect();
  deaf->stop_reading();
  deaf->ask(repeated(encode({"GET", "a"}), 1000));
  // Reading stopped near the soft bound, so most requests have not been looked at.
  EXPECT_LT(world.server().statistics().of(CommandId::get).calls, 200U);
  EXPECT_EQ(world.server().statistics().connections_open, 2U);
  world.run(Duration::seconds(10));
  EXPECT_EQ(world.server().statistics().connections_open, 1U);
  EXPECT_EQ(world.server().statistics().connections_cut, 1U);
  EXPECT_EQ(good->command("PING"), "+PONG\r\n");
}

TEST(Connection, OutputBeyondTheHardBoundIsCutAtOnce) {
  Options options;
  options.connection.output_hard_bytes = 300'000;
  World world(options);
  const auto client = world.connect();
  client->command(std::vector<std::string>{"SET", "a", std::string(200'000, 'x')});
  client->stop_reading();
  world.router.hold = true;
  client->ask(repeated(encode({"GET", "a"}), 10));
  world.router.release();
  world.settle();
  EXPECT_EQ(world.server().statistics().connections_cut, 1U);
}

TEST(Connection, HalfReceivedCommandsMustProgress) {
  World world;
  const auto slow = world.connect();
  const auto good = world.connect();
  // One byte every five seconds.
  const std::string request = "*2\r\n$4\r\nECHO\r\n$1000\r\n";
  std::size_t sent = 0;
  while (!slow->is_closed() && sent < request.size()) {
    slow->send(request.substr(sent++, 1));
    world.run(Duration::seconds(5));
  }
  EXPECT_TRUE(slow->is_closed());
  EXPECT_LT(sent, 6U);
  EXPECT_FALSE(good->is_closed());  // silent, but nothing half received
  EXPECT_EQ(good->command("PING"), "+PONG\r\n");
}

TEST(Connection, ALargeRequestMayTakeLongAsLongAsItProgresses) {
  World world;
  const auto client = world.connect();
  const std::string request = encode({"SET", "a", std::string(40'000, 'x')});
  for (std::size_t at = 0; at < request.size(); at += 2000) {
    client->send(request.substr(at, 2000));
    world.run(Duration::seconds(9));
  }
  EXPECT_EQ(client->take(), "+OK\r\n");
}

TEST(Connection, IdleOnesAreClosedWhenAskedFor) {
  World world;
  const auto client = world.connect();
  world.run(Duration::seconds(1000));
  EXPECT_EQ(client->command("CONFIG SET timeout 10"), "+OK\r\n");
  world.run(Duration::seconds(9));
  EXPECT_FALSE(client->is_closed());
  world.run(Duration::seconds(3));
  EXPECT_TRUE(client->is_closed());
}

TEST(Connection, TooManyAreRefusedWithAReason) {
  Options options;
  options.clients_max = 2;
  World world(options);
  const auto one = world.connect();
  const auto two = world.connect();
  const auto three = world.connect();
  EXPECT_EQ(three->take(), "-ERR max number of clients reached\r\n");
  EXPECT_TRUE(three->is_closed());
  EXPECT_EQ(world.server().statistics().connections_refused, 1U);
  one->close();
  world.settle();
  EXPECT_EQ(world.connect()->command("PING"), "+PONG\r\n");
}

TEST(Connection, APasswordComesBeforeEverythingElse) {
  Options options;
  options.password = "secret";
  World world(options);
  const auto client = world.connect();
  EXPECT_EQ(client->command("GET a"), "-NOAUTH Authentication required.\r\n");
  EXPECT_TRUE(client->command("HELLO 3").starts_with("-NOAUTH HELLO must be called"));
  for (const char* wrong : {"AUTH secre", "AUTH secrets", "AUTH ''", "AUTH other secret",
                            "HELLO 3 AUTH default wrong"}) {
    EXPECT_EQ(client->command(wrong),
              "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
        << wrong;
  }
  EXPECT_EQ(client->command("AUTH default secret"), "+OK\r\n");
  EXPECT_EQ(client->command("GET a"), "$-1\r\n");
  EXPECT_EQ(client->command("RESET"), "+RESET\r\n");
  EXPECT_EQ(client->command("GET a"), "-NOAUTH Authentication required.\r\n");
  EXPECT_TRUE(client->command("HELLO 3 AUTH default secret SETNAME me").starts_with("%7\r\n"));
  EXPECT_EQ(client->command("CLIENT GETNAME"), "$2\r\nme\r\n");
  const auto large = world.connect();
  EXPECT_EQ(large->ask("*1\r\n$20000\r\n"), "-ERR Protocol error: unauthenticated bulk length\r\n");
  const auto silent = world.connect();
  world.run(Duration::seconds(62));
  EXPECT_TRUE(silent->is_closed());
  EXPECT_FALSE(client->is_closed());
}

TEST(Connection, ErrorsKeepTheDifferenceBetweenNotDoneAndUnknown) {
  struct Case {
    base::ErrorCode code;
    std::string write;
    std::string read;
  };
  using base::ErrorCode;
  const Case cases[] = {
      {ErrorCode::no_leader, "-NOLEADER ", "-NOLEADER "},
      {ErrorCode::not_leader, "-NOLEADER ", "-NOLEADER "},
      {ErrorCode::no_quorum, "-NOQUORUM ", "-NOQUORUM "},
      {ErrorCode::busy, "-BUSY ", "-BUSY "},
      {ErrorCode::too_stale, "-TOOSTALE ", "-TOOSTALE "},
      {ErrorCode::disk_full, "-DISKFULL ", "-DISKFULL "},
      {ErrorCode::too_large, "-ERR ", "-ERR "},
      {ErrorCode::shutting_down, "-TRYAGAIN ", "-TRYAGAIN "},
      {ErrorCode::unknown_outcome, "-UNKNOWN outcome", "-TRYAGAIN "},
      {ErrorCode::deadline_exceeded, "-UNKNOWN outcome", "-TRYAGAIN "},
      {ErrorCode::io_error, "-UNKNOWN outcome", "-TRYAGAIN "},
  };
  World world;
  const auto client = world.connect();
  for (const Case& each : cases) {
    world.router.before_call = [&](const router::Call&) {
      return base::Error{.code = each.code, .context = "shard 1"};
    };
    for (const char* write : {"SET a 1", "DEL a", "FLUSHALL"}) {
      EXPECT_TRUE(client->command(write).starts_with(each.write)) << each.write << write;
    }
    for (const char* read : {"GET a", "KEYS *", "SCAN 0", "DBSIZE", "WATCH a"}) {
      EXPECT_TRUE(client->command(read).starts_with(each.read)) << each.read << read;
    }
    client->command("MULTI");
    client->command("SET a 1");
    EXPECT_TRUE(client->command("EXEC").starts_with(each.write)) << each.write;
  }
  EXPECT_EQ(client->command("PING"), "+PONG\r\n");
}

TEST(Connection, ReadonlyReadsWithinANamedBound) {
  World world;
  const auto client = world.connect();
  const auto last = [&] { return world.router.read_consistency.back(); };
  client->command("GET a");
  EXPECT_EQ(last().kind, router::ConsistencyKind::linearizable);
  EXPECT_EQ(client->command("READONLY"), "+OK\r\n");
  client->command("GET a");
  EXPECT_EQ(last().kind, router::ConsistencyKind::bounded_staleness);
  EXPECT_EQ(last().max_staleness, Duration::milliseconds(500));
  EXPECT_EQ(client->command("READONLY 2000"), "+OK\r\n");
  client->command("KEYS *");
  EXPECT_EQ(last().max_staleness, Duration::milliseconds(2000));
  client->command("WATCH a");
  EXPECT_EQ(last().kind, router::ConsistencyKind::linearizable);
  EXPECT_EQ(client->command("READWRITE"), "+OK\r\n");
  client->command("GET a");
  EXPECT_EQ(last().kind, router::ConsistencyKind::linearizable);
  EXPECT_TRUE(client->command("READONLY x").starts_with("-ERR"));
}

TEST(Connection, EndingAbandonsWhatIsInFlight) {
  World world;
  world.router.hold = true;
  auto client = world.connect();
  client->ask(encode({"SET", "a", "1"}) + encode({"KEYS", "*"}));
  client->close();
  world.settle();
  EXPECT_EQ(world.server().statistics().connections_open, 0U);
  EXPECT_EQ(world.server().statistics().commands_in_flight, 0U);
  world.router.release();
  EXPECT_EQ(world.connect()->command("PING"), "+PONG\r\n");
}

}  // namespace
}  // namespace ostraka::gateway::resp
