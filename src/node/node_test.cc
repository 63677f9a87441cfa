// Three whole nodes on the simulated machine: serving, failing over, exactly-once increments in
// program order, restarts from disk, membership, a wiped voter, a clean stop.
#include "node/node.h"

#include "base/prng.h"
#include "codec/operation.h"
#include "codec/result_value.h"
#include "engine_memory/engine_memory.h"
#include "replica/replica.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::node {
namespace {

using base::Duration;

class QuietLog final : public Log {
 public:
  void write(LogLevel, std::string_view) override {}
};

class NoProcess final : public ProcessInfo {
 public:
  [[nodiscard]] ProcessUsage sample() override { return {}; }
};

class IncrementCall final : public router::Call {
 public:
  void complete(const base::Result<base::ByteView>& results) override {
    done = true;
    if (results.has_value()) {
      codec::ResultReader reader(*results);
      codec::ResultValue value;
      ok = reader.next(value).value_or(false) && value.kind == codec::ValueKind::integer;
      number = value.integer;
    } else {
      error = results.error().code;
    }
  }
  bool done = false;
  bool ok = false;
  std::int64_t number = 0;
  base::ErrorCode error = base::ErrorCode::cancelled;
};

struct Machine final : NodeListener {
  Machine(sim_ports::SimScheduler& scheduler_ref, sim_ports::SimFabric& fabric_ref,
          std::string own_name)
      : scheduler(scheduler_ref), fabric(fabric_ref), name(std::move(own_name)) {}

  void on_ready(const Addresses&) override { ready = true; }
  void on_fatal(const base::Error& reason) override { fatal = reason; }

  base::Status start(Options options, std::uint64_t seed) {
    ready = false;
    fatal.reset();
    executor = std::make_unique<sim_ports::SimExecutor>(scheduler, clock, seed);
    network = std::make_unique<sim_ports::SimNetwork>(fabric, *executor, name);
    files = disk->open_process();
    options.name = name;
    options.peer_listen = name + ":7";
    options.redis_listen = name + ":6";
    options.http_listen = name + ":8";
    options.seed = seed;
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

  sim_ports::SimScheduler& scheduler;
  sim_ports::SimFabric& fabric;
  std::string name;
  sim_ports::SimClock clock;
  std::unique_ptr<sim_ports::SimDisk> disk = std::make_unique<sim_ports::SimDisk>();
  QuietLog log;
  NoProcess process;
  std::unique_ptr<sim_ports::SimExecutor> executor;
  std::unique_ptr<sim_ports::SimNetwork> network;
  std::unique_ptr<port::FileSystem> files;
  std::unique_ptr<Node> node;
  bool ready = false;
  std::optional<base::Error> fatal;
};

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    for (const char* name : {"n1", "n2", "n3", "n4"}) {
      machines_.push_back(std::make_unique<Machine>(scheduler_, fabric_, name));
    }
  }

  static Options member() {
    Options options;
    options.cluster = {{.name = "n1", .address = "n1:7"},
                       {.name = "n2", .address = "n2:7"},
                       {.name = "n3", .address = "n3:7"}};
    return options;
  }

  void start(std::size_t index, Options options = member()) {
    const base::Status started = machines_[index]->start(std::move(options), prng_.next());
    ASSERT_TRUE(started.has_value()) << started.error().to_string();
  }

  bool run_until(const std::function<bool()>& condition, Duration limit = Duration::seconds(30)) {
    const base::Instant end = scheduler_.now() + limit;
    while (!condition() && scheduler_.now() < end) {
      scheduler_.run_until(scheduler_.now() + Duration::milliseconds(5));
    }
    return condition();
  }

  replica::Replica* replica(std::size_t index) {
    Node* node = machines_[index]->node.get();
    return node == nullptr || node->store() == nullptr ? nullptr
                                                       : node->store()->find(model::ShardId(1));
  }

  std::optional<std::size_t> leader() {
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (replica(i) != nullptr && replica(i)->status().lease_valid) {
        return i;
      }
    }
    return std::nullopt;
  }

  void start_three() {
    for (std::size_t i = 0; i < 3; ++i) {
      start(i);
    }
    ASSERT_TRUE(run_until([this] { return leader().has_value(); }));
  }

  std::unique_ptr<IncrementCall> increment(router::Session& session, Machine& machine,
                                           const std::string& key, std::int64_t by = 1) {
    auto call = std::make_unique<IncrementCall>();
    codec::CommandBuilder builder;
    builder.add({.code = codec::OpCode::increment,
                 .keyspace = model::KeyspaceId(1),
                 .number = by,
                 .key = key});
    call->command = base::Buffer::take(builder.take());
    call->deadline = machine.executor->now() + Duration::seconds(5);
    session.submit(*call);
    return call;
  }

  // Adds nothing: the present value, read by a write so that it is surely the last.
  std::int64_t value_of(std::size_t index, const std::string& key) {
    auto session = machines_[index]->node->router()->open_session();
    const auto call = increment(*session, *machines_[index], key, 0);
    EXPECT_TRUE(run_until([&] { return call->done; }));
    EXPECT_TRUE(call->ok) << base::name_of(call->error);
    return call->number;
  }

  std::uint64_t incarnations_known(std::size_t index) {
    std::uint64_t known = 0;
    for (const model::Member& each : all_members(replica(index)->protocol().configuration())) {
      known += each.incarnation.is_none() ? 0U : 1U;
    }
    return known;
  }

  base::Prng prng_{42};
  sim_ports::SimScheduler scheduler_;
  sim_ports::SimFabric fabric_{scheduler_, 5};
  std::vector<std::unique_ptr<Machine>> machines_;
};

TEST_F(NodeTest, ASingleNodeServesAndKeepsItsDataOverARestart) {
  start(0, Options{});
  EXPECT_TRUE(machines_[0]->ready);
  EXPECT_EQ(value_of(0, "k"), 0);
  {
    auto session = machines_[0]->node->router()->open_session();
    const auto call = increment(*session, *machines_[0], "k", 5);
    ASSERT_TRUE(run_until([&] { return call->done; }));
    EXPECT_EQ(call->number, 5);
  }
  machines_[0]->crash();
  start(0, Options{});
  EXPECT_EQ(value_of(0, "k"), 5);
}

TEST_F(NodeTest, EveryNodeTakesWritesAndAllSeeThem) {
  start_three();
  for (std::size_t i = 0; i < 3; ++i) {
    auto session = machines_[i]->node->router()->open_session();
    const auto call = increment(*session, *machines_[i], "k");
    ASSERT_TRUE(run_until([&] { return call->done; }));
    EXPECT_EQ(call->number, static_cast<std::int64_t>(i) + 1);
    EXPECT_TRUE(machines_[i]->node->router()->ready());
  }
}

// One client: a pipeline of increments of its own key, some of them unknown after crashes.
struct Client {
  std::size_t machine;
  std::string key;
  std::unique_ptr<router::Session> session;
  std::vector<std::unique_ptr<IncrementCall>> calls;
  std::size_t harvested = 0;
  std::int64_t acknowledged = 0;
  std::int64_t unknown = 0;
  std::int64_t last = 0;
};

TEST_F(NodeTest, IncrementsAreDoneOnceAndInOrderOverLeaderCrashes) {
  start_three();
  std::vector<Client> clients;
  for (std::size_t i = 0; i < 6; ++i) {
    clients.push_back(
        {.machine = i % 3, .key = "counter" + std::to_string(i), .session = nullptr, .calls = {}});
  }
  const auto harvest = [](Client& client) {
    while (client.harvested < client.calls.size() && client.calls[client.harvested]->done) {
      const IncrementCall& call = *client.calls[client.harvested++];
      if (call.ok) {
        EXPECT_GT(call.number, client.last) << "results in program order";
        client.last = call.number;
        ++client.acknowledged;
      } else if (base::certainty_of(call.error) == base::Certainty::indefinite) {
        ++client.unknown;
      }
    }
  };
  for (int round = 0; round < 6; ++round) {
    for (int step = 0; step < 40; ++step) {
      for (Client& client : clients) {
        Machine& machine = *machines_[client.machine];
        if (machine.node == nullptr) {
          continue;
        }
        if (client.session == nullptr) {
          client.session = machine.node->router()->open_session();
        }
        for (std::uint64_t n = prng_.below(4); n > 0; --n) {
          client.calls.push_back(increment(*client.session, machine, client.key));
        }
        harvest(client);
      }
      scheduler_.run_until(scheduler_.now() + Duration::milliseconds(5));
    }
    // The leader dies in the middle of it; it is back before the next one dies.
    const std::optional<std::size_t> victim = leader();
    if (victim.has_value()) {
      for (Client& client : clients) {
        if (client.machine == *victim) {
          client.session.reset();
          harvest(client);
        }
      }
      machines_[*victim]->crash();
      scheduler_.run_until(scheduler_.now() + Duration::milliseconds(300));
      start(*victim);
    }
  }
  ASSERT_TRUE(run_until([this] { return leader().has_value(); }));
  ASSERT_TRUE(run_until([&] {
    for (Client& client : clients) {
      harvest(client);
    }
    return std::ranges::all_of(
        clients, [](const Client& each) { return each.harvested == each.calls.size(); });
  }));
  std::int64_t acknowledged = 0;
  for (Client& client : clients) {
    client.session.reset();
    const std::int64_t value = value_of(client.machine, client.key);
    EXPECT_GE(value, client.acknowledged) << client.key << ": acknowledged writes are missing";
    EXPECT_LE(value, client.acknowledged + client.unknown) << client.key << ": done twice";
    acknowledged += client.acknowledged;
  }
  EXPECT_GT(acknowledged, 500) << "the test did something";
}

TEST_F(NodeTest, AWipedVoterIsRefusedAndCanReturnAsANewMember) {
  start_three();
  EXPECT_EQ(incarnations_known(*leader()), 3U) << "the first configuration names every disk";
  const std::size_t victim = (*leader() + 1) % 3;
  machines_[victim]->crash();
  machines_[victim]->disk = std::make_unique<sim_ports::SimDisk>();
  start(victim);
  ASSERT_TRUE(run_until([&] { return machines_[victim]->fatal.has_value(); }));
  EXPECT_EQ(machines_[victim]->fatal->code, base::ErrorCode::identity_mismatch);
  EXPECT_NE(machines_[victim]->fatal->context.find("member remove"), std::string::npos);
  EXPECT_EQ(replica(victim), nullptr) << "it never followed, voted or led";
}

TEST_F(NodeTest, AClusterBeginsWhenAllItsFirstMembersAreThere) {
  start(2);
  start(1);
  EXPECT_TRUE(machines_[1]->ready);
  EXPECT_FALSE(run_until([this] { return leader().has_value(); }, Duration::seconds(5)));
  machines_[2]->crash();
  start(0);
  EXPECT_FALSE(run_until([this] { return leader().has_value(); }, Duration::seconds(5)));
  start(2);
  ASSERT_TRUE(run_until([this] { return leader().has_value(); }, Duration::seconds(5)));
  EXPECT_EQ(incarnations_known(*leader()), 3U);
}

TEST_F(NodeTest, AMemberThatIsLateCopiesTheFirstConfigurationFromWhoHasIt) {
  start(0);
  start(1);
  start(2);
  ASSERT_TRUE(run_until([this] { return replica(0) != nullptr; }));
  ASSERT_EQ(replica(2), nullptr) << "the first member finishes the list, the others copy it later";
  machines_[2]->crash();
  ASSERT_TRUE(run_until([this] { return leader().has_value(); }));
  machines_[0]->crash();
  start(2);
  ASSERT_TRUE(run_until([this] { return replica(2) != nullptr && leader().has_value(); }));
  EXPECT_EQ(incarnations_known(2), 3U);
}

TEST_F(NodeTest, WipedVotersDoNotFormAnEmptyClusterOfTheSameName) {
  start_three();
  {
    auto session = machines_[2]->node->router()->open_session();
    const auto call = increment(*session, *machines_[2], "k", 7);
    ASSERT_TRUE(run_until([&] { return call->done && call->ok; }));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    machines_[i]->crash();
  }
  for (std::size_t i = 0; i < 2; ++i) {
    machines_[i]->disk = std::make_unique<sim_ports::SimDisk>();
    start(i);
  }
  EXPECT_FALSE(run_until([this] { return leader().has_value(); }, Duration::seconds(5)))
      << "a quorum without data";
  start(2);
  ASSERT_TRUE(run_until(
      [this] { return machines_[0]->fatal.has_value() && machines_[1]->fatal.has_value(); }));
  EXPECT_EQ(machines_[0]->fatal->code, base::ErrorCode::identity_mismatch);
  EXPECT_EQ(machines_[1]->fatal->code, base::ErrorCode::identity_mismatch);
  EXPECT_FALSE(leader().has_value());
}

TEST_F(NodeTest, ANewNodeJoinsAsALearnerAndGetsTheData) {
  start_three();
  {
    auto session = machines_[0]->node->router()->open_session();
    const auto call = increment(*session, *machines_[0], "k", 7);
    ASSERT_TRUE(run_until([&] { return call->done && call->ok; }));
  }
  const auto joining = [] {
    Options options;
    options.join = "n2:7";
    return options;
  };
  start(3, joining());
  ASSERT_TRUE(run_until([this] { return machines_[3]->ready; }));
  EXPECT_EQ(machines_[3]->node->id(), model::NodeId(4));
  ASSERT_TRUE(run_until([this] { return machines_[3]->node->router()->ready(); }));
  EXPECT_EQ(value_of(3, "k"), 7);
  machines_[3]->crash();
  start(3, joining());
  EXPECT_EQ(value_of(3, "k"), 7) << "restarts from its own directory";
}

TEST_F(NodeTest, JoiningIsGivenUpWithTheReasonWhenNobodyAnswers) {
  Options options;
  options.join = "n1:7";
  start(3, std::move(options));
  ASSERT_TRUE(
      run_until([this] { return machines_[3]->fatal.has_value(); }, Duration::seconds(400)));
  const std::string& why = machines_[3]->fatal->context;
  EXPECT_TRUE(why.starts_with("--join n1:7: given up after 30 tries: ")) << why;
  EXPECT_TRUE(base::is_retryable(machines_[3]->fatal->code)) << "not a refusal";
}

TEST_F(NodeTest, AFolderWithForeignFilesIsRefused) {
  {
    const auto files = machines_[0]->disk->open_process();
    ASSERT_TRUE(port::replace_file(*files, "notes.txt", "not ours").has_value());
  }
  const base::Status started = machines_[0]->start({}, 1);
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().context.find("notes.txt"), std::string::npos);
}

TEST_F(NodeTest, AContradictingListOfMembersIsRefused) {
  start_three();
  machines_[0]->crash();
  Options other = member();
  other.cluster.pop_back();
  const base::Status started = machines_[0]->start(std::move(other), 1);
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, base::ErrorCode::identity_mismatch);
  EXPECT_NE(started.error().context.find("--cluster"), std::string::npos);
}

TEST_F(NodeTest, AStoppingLeaderHandsOverAndEndsCleanly) {
  start_three();
  const std::size_t old = *leader();
  bool stopped = false;
  machines_[old]->node->stop([&stopped] { stopped = true; });
  ASSERT_TRUE(run_until([&stopped] { return stopped; }));
  machines_[old]->crash();
  ASSERT_TRUE(run_until([this] { return leader().has_value(); }, Duration::milliseconds(300)))
      << "another node leads without an election time-out";
  EXPECT_EQ(value_of(*leader(), "k"), 0);
}

}  // namespace
}  // namespace ostraka::node
