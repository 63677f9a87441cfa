// router::Shard on the replica that the store hosts.
#pragma once

#include "base/assert.h"
#include "model/ids.h"
#include "router/shard.h"
#include "store/store.h"

#include <span>

namespace ostraka::node {

class ReplicaShard final : public router::Shard {
 public:
  ReplicaShard(store::Store& store, model::ShardId shard) : store_(store), shard_(shard) {}

  [[nodiscard]] bool leads() const override {
    const replica::Replica* replica = store_.find(shard_);
    return replica != nullptr && replica->leads();
  }
  [[nodiscard]] model::NodeId leader() const override {
    const replica::Replica* replica = store_.find(shard_);
    return replica == nullptr ? model::NodeId{} : replica->leader();
  }
  [[nodiscard]] base::Status submit_commands(model::SessionId session, model::Serial first_serial,
                                             model::Serial acknowledged,
                                             std::span<const base::ByteView> commands) override {
    replica::Replica* replica = store_.find(shard_);
    return replica == nullptr
               ? base::fail(base::ErrorCode::not_leader)
               : replica->submit_commands(session, first_serial, acknowledged, commands);
  }
  [[nodiscard]] base::Status register_session(model::SessionId session) override {
    replica::Replica* replica = store_.find(shard_);
    return replica == nullptr ? base::fail(base::ErrorCode::not_leader)
                              : replica->register_session(session);
  }
  void read(replica::Read& read) override {
    replica::Replica* replica = store_.find(shard_);
    if (replica == nullptr) {
      read.complete(base::fail(base::ErrorCode::not_leader));
      return;
    }
    replica->read(read);
  }
  void cancel_read(replica::Read& read) override {
    if (replica::Replica* replica = store_.find(shard_)) {
      replica->cancel_read(read);
    }
  }
  [[nodiscard]] base::WallTime log_time_now() const override {
    const replica::Replica* replica = store_.find(shard_);
    return replica == nullptr ? base::WallTime{} : replica->log_time_now();
  }

 private:
  store::Store& store_;
  model::ShardId shard_;
};

}  // namespace ostraka::node
