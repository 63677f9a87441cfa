// The replication engine of a cluster: chosen once, kept, and refused when it is another.
#include "engine_memory/engine_memory.h"
#include "node/internal/admin_frame.h"
#include "node/internal/engine_choice.h"
#include "node/node.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::node {
namespace {

class QuietLog final : public Log {
 public:
  void write(LogLevel, std::string_view) override {}
};

class NoProcess final : public ProcessInfo {
 public:
  [[nodiscard]] ProcessUsage sample() override { return {}; }
};

struct Machine final : NodeListener {
  Machine(sim_ports::SimScheduler& scheduler_ref, sim_ports::SimFabric& fabric_ref,
          std::string own_name)
      : scheduler(scheduler_ref), fabric(fabric_ref), name(std::move(own_name)) {}

  void on_ready(const Addresses&) override {}
  void on_fatal(const base::Error& reason) override { fatal = reason; }

  base::Status start(const std::string& engine, const std::string& join = {}) {
    fatal.reset();
    executor = std::make_unique<sim_ports::SimExecutor>(scheduler, clock, ++seed);
    network = std::make_unique<sim_ports::SimNetwork>(fabric, *executor, name);
    files = disk->open_process();
    Options options;
    options.name = name;
    options.peer_listen = name + ":7";
    options.redis_listen = name + ":6";
    options.http_listen = name + ":8";
    options.engine = engine;
    options.join = join;
    if (join.empty()) {
      options.cluster = {{.name = "n1", .address = "n1:7"}, {.name = "n2", .address = "n2:7"}};
    }
    options.seed = ++seed;
    node =
        std::make_unique<Node>(Environment{.executor = *executor,
                                           .network = *network,
                                           .files = *files,
                                           .open_engine =
                                               [](port::FileSystem& fs, port::Executor& reactor) {
                                                 return engine_memory::open(fs, reactor, {});
                                               },
                                           .process = process,
                                           .log = log},
                               std::move(options), *this);
    return node->start();
  }
  void crash() {
    node.reset();
    network.reset();
    executor.reset();
    files.reset();
    disk->crash_process();
  }
  [[nodiscard]] bool leads() const {
    const replica::Replica* replica =
        node->store() == nullptr ? nullptr : node->store()->find(model::ShardId(1));
    return replica != nullptr && replica->leads();
  }

  sim_ports::SimScheduler& scheduler;
  sim_ports::SimFabric& fabric;
  std::string name;
  std::uint64_t seed = 0;
  sim_ports::SimClock clock;
  std::unique_ptr<sim_ports::SimDisk> disk = std::make_unique<sim_ports::SimDisk>();
  QuietLog log;
  NoProcess process;
  std::unique_ptr<sim_ports::SimExecutor> executor;
  std::unique_ptr<sim_ports::SimNetwork> network;
  std::unique_ptr<port::FileSystem> files;
  std::unique_ptr<Node> node;
  std::optional<base::Error> fatal;
};

class EngineTest : public testing::Test {
 protected:
  bool run_until(const std::function<bool()>& condition) {
    const base::Instant end = scheduler_.now() + base::Duration::seconds(30);
    while (!condition() && scheduler_.now() < end) {
      scheduler_.run_until(scheduler_.now() + base::Duration::milliseconds(5));
    }
    return condition();
  }
  bool has_leader() {
    return run_until([this] { return one_.leads() || two_.leads(); });
  }
  static void expect_refused(const std::optional<base::Error>& error, const std::string& part) {
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, base::ErrorCode::identity_mismatch);
    EXPECT_NE(error->context.find(part), std::string::npos) << error->context;
    EXPECT_NE(error->context.find("--engine"), std::string::npos) << "what to do";
  }

  sim_ports::SimScheduler scheduler_;
  sim_ports::SimFabric fabric_{scheduler_, 5};
  Machine one_{scheduler_, fabric_, "n1"};
  Machine two_{scheduler_, fabric_, "n2"};
  Machine three_{scheduler_, fabric_, "n3"};
};

TEST_F(EngineTest, IsThatOfTheDirectoryFromThenOn) {
  for (const protocol::Engine& engine : protocol::engines()) {
    sim_ports::SimScheduler scheduler;
    sim_ports::SimFabric fabric{scheduler, 5};
    Machine alone(scheduler, fabric, "n1");
    ASSERT_TRUE(alone.start(std::string(engine.name)).has_value());
    for (const protocol::Engine& other : protocol::engines()) {
      alone.crash();
      const base::Status started = alone.start(std::string(other.name));
      EXPECT_EQ(started.has_value(), &engine == &other);
      if (!started.has_value()) {
        expect_refused(started.error(), "made with the replication engine " +
                                            std::string(engine.name) + ", --engine says " +
                                            std::string(other.name));
      }
    }
    alone.crash();
    EXPECT_TRUE(alone.start("").has_value()) << "kept when nobody says anything";
  }
}

TEST_F(EngineTest, OfTwoThatFormAClusterOneGivesUp) {
  ASSERT_TRUE(one_.start("multi-paxos").has_value());
  ASSERT_TRUE(two_.start("").has_value());
  ASSERT_TRUE(run_until([this] { return two_.fatal.has_value(); }));
  expect_refused(two_.fatal, "'n1' has the replication engine multi-paxos, this node raft");
  EXPECT_FALSE(one_.fatal.has_value());
  two_.crash();
  two_.disk = std::make_unique<sim_ports::SimDisk>();
  ASSERT_TRUE(two_.start("multi-paxos").has_value());
  EXPECT_TRUE(has_leader()) << "the other one waits for it to come back";
}

TEST_F(EngineTest, ANodeThatDemandsAnotherIsNotAdmitted) {
  ASSERT_TRUE(one_.start("raft").has_value());
  ASSERT_TRUE(two_.start("").has_value());
  ASSERT_TRUE(has_leader());
  ASSERT_TRUE(three_.start("multi-paxos", "n1:7").has_value());
  ASSERT_TRUE(run_until([this] { return three_.fatal.has_value(); }));
  expect_refused(three_.fatal,
                 "the cluster has the replication engine raft, this node multi-paxos");
  const Machine& leader = one_.leads() ? one_ : two_;
  const replica::Replica* replica = leader.node->store()->find(model::ShardId(1));
  EXPECT_TRUE(replica->protocol().configuration().learners.empty());
}

TEST_F(EngineTest, ANodeThatJoinsTakesTheClustersAndMayNameIt) {
  ASSERT_TRUE(one_.start("raft").has_value());
  ASSERT_TRUE(two_.start("").has_value());
  ASSERT_TRUE(has_leader());
  ASSERT_TRUE(three_.start("raft", "n1:7").has_value());
  ASSERT_TRUE(run_until([this] { return three_.node->store() != nullptr; }));
}

TEST(EngineChoice, OneOfALaterVersionIsNamedByItsNumber) {
  const auto later = engine_of_directory(200, "");
  ASSERT_FALSE(later.has_value());
  EXPECT_EQ(later.error().code, base::ErrorCode::format_unknown);
  EXPECT_NE(later.error().context.find("number 200"), std::string::npos);
  EXPECT_EQ(engine_asked_for("zebra").error().code, base::ErrorCode::invalid_argument);
  EXPECT_EQ((*engine_asked_for(""))->name, protocol::kDefaultEngine);
}

// A request or reply of a version before there was a choice has no engine.
TEST(EngineFrames, CarryTheEngineOrNothing) {
  for (const std::uint8_t engine : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    const AdminRequest request{.op = AdminOp::join, .name = "n4", .engine = engine};
    EXPECT_EQ(decode_admin_request(encode(request))->engine, engine);
  }
  const std::string plain = encode(JoinReply{});
  EXPECT_EQ(decode_join_reply(plain)->engine, 1);
  const std::string other = encode(JoinReply{.engine = 2});
  EXPECT_EQ(other.size(), plain.size() + 1);
  EXPECT_EQ(decode_join_reply(other)->engine, 2);
  EXPECT_FALSE(decode_join_reply(other + "x").has_value());
}

}  // namespace
}  // namespace ostraka::node
