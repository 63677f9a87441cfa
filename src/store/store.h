// A node's shards on one engine and one log store: recovery, bootstrap, checkpoints, log
// compaction, snapshot transfer and installation, and the way between the transport and the
// replicas.
//
// Crash safety: docs/design/0002-replica-driver.md lists every durable step of a snapshot install
// and what a restart after it does.
// Threads: one reactor; blocking file work goes through Executor::run_blocking.
// Ownership: owns replicas; what Environment names must outlive the store.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "kv/state_machine.h"
#include "model/ids.h"
#include "model/membership.h"
#include "peer/transport.h"
#include "port/engine.h"
#include "port/executor.h"
#include "port/file_system.h"
#include "port/log_store.h"
#include "protocol/core/protocol.h"
#include "protocol/engines/engines.h"
#include "replica/listener.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::store {

using protocol::ProtocolParts;
using ProtocolFactory = std::move_only_function<std::unique_ptr<protocol::Protocol>(ProtocolParts)>;

struct Options {
  model::NodeId self;
  std::uint64_t seed = 0;  // of the protocols' randomness; drawn per process start
  protocol::Settings protocol;
  replica::Options replica;
  kv::SessionLimits sessions;
  std::string protocol_engine{protocol::kDefaultEngine};  // one of protocol::engines()
  // Makes the instances of that engine in its place, when set.
  ProtocolFactory protocol_factory;

  // A checkpoint is forced when the un-flushed log of a shard exceeds this many bytes, or is older
  // than this.
  std::uint64_t checkpoint_log_bytes = 64U << 20;
  base::Duration checkpoint_age = base::Duration::seconds(60);
  base::Duration housekeeping_interval = base::Duration::milliseconds(500);
  // Behind the checkpoint this many entries are kept in any case; as many as were written with the
  // last log_history_bytes, so that a member that was away for some seconds catches up from the log
  // of whoever leads by then, and needs no snapshot; and as many as a live follower still needs.
  // The latter two while the log pins at most log_keep_bytes (four times that while a snapshot is
  // sent). The history is at most a `log_history_share`th of what the node could use at its start.
  std::uint64_t log_keep_entries = 1024;
  std::uint64_t log_history_bytes = 128U << 20;
  std::uint64_t log_history_share = 16;
  std::uint64_t log_keep_bytes = 256U << 20;

  // Of the file system, so much is not used by writes: it is for elections, checkpoints and the
  // engine's own work. At most a `disk_reserve_share`th of what the node could use at its start,
  // and in addition what the engine has in memory only.
  std::uint64_t disk_reserve_bytes = 64U << 20;
  std::uint64_t disk_reserve_share = 8;
  // But at least so much: of a node that started on a full disk by giving up the room that it kept.
  std::uint64_t disk_reserve_least = 0;

  // Folder inside the data directory for outgoing and incoming snapshots; emptied at start.
  std::string snapshot_folder = "snapshots";
  std::uint32_t snapshot_chunk_bytes = 256U << 10;
  std::uint32_t snapshot_window = 8;         // chunks sent and not acknowledged
  std::uint32_t snapshots_outgoing_max = 2;  // at a time, all shards
  std::uint32_t snapshots_incoming_max = 2;
  base::Duration snapshot_timeout = base::Duration::seconds(10);  // without progress
  unsigned blocking_lane = 1;  // lane of Executor::run_blocking for snapshot files
};

struct Environment {
  port::Executor& executor;
  port::Engine& engine;
  port::LogStore& log;
  port::FileSystem& files;
  peer::Transport& transport;
};

// Told what concerns the node. All optional.
class StoreListener {
 public:
  StoreListener() = default;
  StoreListener(const StoreListener&) = delete;
  StoreListener& operator=(const StoreListener&) = delete;
  virtual ~StoreListener() = default;
  virtual void on_role(model::ShardId, const protocol::RoleChange&) {}
  // Every member of any shard's configuration, sorted by id. The store has passed it to
  // Transport::set_members.
  virtual void on_members(const std::vector<model::Member>&) {}
  virtual void on_removed(model::ShardId) {}
  virtual void on_stopped(model::ShardId, const base::Error&) {}
  virtual void on_state_hash(model::ShardId, model::LogIndex, std::uint64_t) {}
  // A checkpoint failed; proposals are refused once memory is short.
  virtual void on_checkpoint_failed(const base::Error&) {}
};

struct StoreStatus {
  std::uint64_t checkpoints = 0;
  std::uint64_t snapshots_sent = 0;
  std::uint64_t snapshots_installed = 0;
  std::uint32_t snapshots_sending = 0;
  std::uint32_t snapshots_receiving = 0;
  port::EngineStats engine;
};

class Store final {
 public:
  Store(Environment environment, Options options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void set_listener(StoreListener* listener);
  // Given to every replica, present and future.
  void set_sessions(replica::Sessions* sessions);

  // Removes half snapshots. Once, before any shard is opened. Blocks (start-up).
  [[nodiscard]] base::Status start();
  // True when this shard has a log or applied state here.
  [[nodiscard]] base::Result<bool> has_shard(model::ShardId shard);
  // Opens a shard that is here, or creates it. `initial` is used only for creating: the first
  // configuration, the same on every member; null = a joining node that waits for a leader.
  // `state` says which keyspaces are the shard's; shards of one engine have disjoint ones.
  // Blocks (start-up). Errors: corruption, format_unknown, io_error, already_exists (open).
  [[nodiscard]] base::Status open_shard(model::ShardId shard,
                                        const std::shared_ptr<const model::Configuration>& initial,
                                        const kv::StateMachineOptions& state = {});
  // Null when not open here.
  [[nodiscard]] replica::Replica* find(model::ShardId shard);
  [[nodiscard]] std::vector<model::ShardId> shards() const;

  // Flushes now (shutdown, tests); calls back when the checkpoint is durable.
  void checkpoint(std::move_only_function<void(base::Status)> on_done);
  // Gives up leaderships and stops the replicas; afterwards only destruction.
  void stop();

  // --- Plug into the node's peer::TransportHandler. ---
  void on_protocol_message(peer::ReceivedMessage& received);
  // True when the frame was one of the store's (read_index_*, snapshot_*).
  bool on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                base::ByteView body);
  void on_connected(model::NodeId peer);
  void on_disconnected(model::NodeId peer, bool refused);

  [[nodiscard]] StoreStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::store
