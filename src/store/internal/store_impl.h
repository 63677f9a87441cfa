// The store behind its public face: the host of the replicas.
#pragma once

#include "replica/listener.h"
#include "store/internal/checkpointer.h"
#include "store/internal/context.h"
#include "store/internal/peer_link.h"
#include "store/internal/snapshot_receiver.h"
#include "store/internal/snapshot_sender.h"
#include "store/store.h"

#include <map>
#include <memory>
#include <vector>

namespace ostraka::store {

class Store::Impl final : public Context, public replica::Host {
 public:
  Impl(Environment environment, Options options);

  [[nodiscard]] base::Status start();
  [[nodiscard]] base::Result<bool> has_shard(model::ShardId shard);
  [[nodiscard]] base::Status open_shard(model::ShardId shard,
                                        const std::shared_ptr<const model::Configuration>& initial,
                                        const kv::StateMachineOptions& state_options);
  void stop();
  void set_listener(StoreListener* listener) { listener_ = listener; }
  void set_sessions(replica::Sessions* sessions);
  [[nodiscard]] std::vector<model::ShardId> shards() const;
  [[nodiscard]] StoreStatus status() const;
  bool on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                base::ByteView body);
  void on_disconnected(model::NodeId peer, bool refused);
  [[nodiscard]] Checkpointer& checkpointer() { return checkpointer_; }

  // Context
  [[nodiscard]] Environment& environment() override { return environment_; }
  [[nodiscard]] const Options& options() const override { return options_; }
  [[nodiscard]] replica::Replica* find(model::ShardId shard) override;
  void on_installed(model::ShardId shard, model::LogIndex index) override;

  // replica::Host
  void on_role(model::ShardId shard, const protocol::RoleChange& change) override;
  void on_configuration(model::ShardId shard,
                        const std::shared_ptr<const model::Configuration>& configuration) override;
  void on_send_snapshot(model::ShardId shard, const protocol::SendSnapshot& request) override;
  void on_install_snapshot(model::ShardId shard, const protocol::SnapshotMeta& meta) override;
  void on_discard_snapshot(model::ShardId shard) override;
  void on_removed(model::ShardId shard) override;
  void on_stopped(model::ShardId shard, const base::Error& reason) override;
  void on_state_hash(model::ShardId shard, model::LogIndex index, std::uint64_t hash) override;

 private:
  void tell_members();
  [[nodiscard]] bool reload_all();

  Environment environment_;
  mutable Options options_;
  PeerLink link_;
  SnapshotSender sender_;
  SnapshotReceiver receiver_;
  Checkpointer checkpointer_;
  StoreListener* listener_ = nullptr;
  replica::Sessions* sessions_ = nullptr;
  std::map<model::ShardId, std::shared_ptr<const model::Configuration>> configurations_;
  std::vector<model::Member> members_;
  std::map<model::ShardId, std::unique_ptr<replica::Replica>> replicas_;
};

}  // namespace ostraka::store
