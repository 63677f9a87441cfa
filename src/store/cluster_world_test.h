// Whole nodes (real store, replica, protocol, state machine, memory engine) on virtual time, over a
// network of messages with delays, loss and partitions.
#pragma once

#include "base/prng.h"
#include "engine_memory/engine_memory.h"
#include "replica/driver_world_test.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_scheduler.h"
#include "store/slow_engine_test.h"
#include "store/store.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::store::testing {

inline constexpr model::ShardId kShard{1};
inline constexpr model::ShardId kSecondShard{2};

struct ClusterOptions {
  std::uint32_t nodes = 3;
  std::uint64_t seed = 1;
  Options store;
  std::uint32_t loss_per_mille = 0;
  bool reorder = false;  // messages of a channel overtake each other
  base::Duration delay_min = base::Duration::microseconds(50);
  base::Duration delay_max = base::Duration::microseconds(400);
  bool two_shards = false;
  std::size_t write_behind_bytes = kv::StateMachineOptions().write_behind_bytes;
  std::string protocol_engine{protocol::kDefaultEngine};
};

class Cluster;

// One node's way into the network of the test.
class TestTransport final : public peer::Transport {
 public:
  TestTransport(Cluster& cluster, model::NodeId self) : cluster_(cluster), self_(self) {}
  base::Status start(const std::string&, peer::TransportHandler&) override { return {}; }
  void set_members(std::span<const model::Member> members) override;
  bool send(model::ShardId shard, const protocol::Message& message,
            std::span<const base::Buffer> payloads) override;
  bool send_frame(model::NodeId to, peer::Channel channel, peer::FrameType type,
                  model::ShardId shard, base::ByteView body) override;
  void call_address(const std::string&, peer::FrameType, base::ByteView, base::Instant,
                    OnReply) override {}
  std::vector<peer::PeerConnectionStatus> status() const override { return {}; }
  void stop() override {}

  std::vector<model::Member> members;

 private:
  Cluster& cluster_;
  model::NodeId self_;
};

// One process life.
struct Process {
  std::unique_ptr<sim_ports::SimExecutor> executor;
  std::unique_ptr<port::FileSystem> files;
  std::unique_ptr<SlowEngine> engine;
  std::unique_ptr<port::LogStore> log;
  std::unique_ptr<TestTransport> transport;
  std::unique_ptr<replica::testing::TestSessions> sessions;
  std::unique_ptr<Store> store;
  ~Process();
};

struct Machine {
  model::NodeId id;
  sim_ports::SimClock clock;
  sim_ports::SimDisk disk;
  std::unique_ptr<Process> process;  // null while it is down
  bool joining = false;
  bool log_failed = false;  // the log said that it cannot go on: the server would end here
};

class Cluster {
 public:
  explicit Cluster(ClusterOptions options);
  ~Cluster();

  void run(base::Duration duration);
  // Runs until `condition` holds; false after `limit`.
  bool run_until(const std::function<bool()>& condition,
                 base::Duration limit = base::Duration::seconds(10));

  void crash(model::NodeId node);        // process: what was written stays
  void crash_power(model::NodeId node);  // what was not synced may be lost
  void restart(model::NodeId node);
  // A machine that is not a member; its replica waits for a leader.
  model::NodeId add_machine();
  void cut(model::NodeId a, model::NodeId b);
  void isolate(model::NodeId node);
  void heal();

  [[nodiscard]] Machine& machine(model::NodeId node) { return *machines_.at(node); }
  [[nodiscard]] replica::Replica* replica(model::NodeId node, model::ShardId shard = kShard);
  // The replica that leads and whose followers know it; none yet: node id 0.
  [[nodiscard]] model::NodeId leader(model::ShardId shard = kShard);
  [[nodiscard]] bool elect(model::ShardId shard = kShard);
  [[nodiscard]] model::Member member(model::NodeId node) const;
  [[nodiscard]] std::shared_ptr<const model::Configuration> initial() const;

  // Sets through whoever leads, with retries, until applied there; false after the limit.
  [[nodiscard]] bool put(const std::string& key, const std::string& value,
                         model::ShardId shard = kShard);
  [[nodiscard]] std::optional<std::string> get(model::NodeId node, const std::string& key,
                                               replica::ReadKind kind,
                                               base::Duration max_staleness = {},
                                               model::ShardId shard = kShard);
  // Every running replica of the shard has applied the same and has the same state.
  [[nodiscard]] bool converged(model::ShardId shard = kShard);
  // For the messages of failing tests.
  [[nodiscard]] std::string describe(model::ShardId shard = kShard);
  [[nodiscard]] base::Status change(std::shared_ptr<const model::Configuration> target,
                                    bool joint = false);
  [[nodiscard]] base::Status transfer(model::NodeId to);

  void deliver(model::NodeId from, model::NodeId to, peer::Channel channel,
               std::function<void(Process&)> action);
  [[nodiscard]] bool connected(model::NodeId from, model::NodeId to) const;
  [[nodiscard]] sim_ports::SimScheduler& scheduler() { return scheduler_; }
  [[nodiscard]] const ClusterOptions& options() const { return options_; }
  [[nodiscard]] std::uint64_t frames(peer::FrameType type) const;
  void count_frame(peer::FrameType type) { ++frames_[type]; }

 private:
  struct Session {
    model::SessionId id;
    model::Serial next{1};
  };
  Machine& create(model::NodeId id);
  // A disk that dies on the way leaves the machine down.
  void boot(Machine& machine);
  void open_shards(Machine& machine);
  [[nodiscard]] bool ensure_session(model::ShardId shard);
  [[nodiscard]] bool await_result(model::NodeId node, model::Serial serial);

  ClusterOptions options_;
  sim_ports::SimScheduler scheduler_;
  base::Prng prng_;
  std::map<model::NodeId, std::unique_ptr<Machine>> machines_;
  std::set<std::pair<model::NodeId, model::NodeId>> cuts_;
  std::map<std::pair<std::pair<model::NodeId, model::NodeId>, peer::Channel>, base::Instant> last_;
  std::map<model::ShardId, Session> sessions_;
  std::map<peer::FrameType, std::uint64_t> frames_;
  std::uint64_t session_ids_ = 1000;
};

[[nodiscard]] std::string encoded_bytes(const std::string& value);

}  // namespace ostraka::store::testing
