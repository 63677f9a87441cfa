// Who a replica talks to: its peers (Peers), the node that hosts it (Host), and the owner of the
// sessions (Sessions, implemented by the router).
//
// Threads: all on the shard's reactor. Callbacks may call back into the replica: it queues what it
// cannot do at once.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/effects.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <memory>
#include <span>

namespace ostraka::replica {

// The way to the other replicas of the shard. Loss is allowed: false = not sent.
class Peers {
 public:
  Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  virtual ~Peers() = default;
  // One payload per message.entries.
  virtual bool send(model::ShardId shard, const protocol::Message& message,
                    std::span<const base::Buffer> payloads) = 0;
  // A request for the leader's commit index or a peer's clock (Replica::on_read_index_request), and
  // the answer (Replica::on_read_index_reply).
  virtual bool send_read_index_request(model::ShardId shard, model::NodeId to,
                                       base::ByteView body) = 0;
  virtual bool send_read_index_reply(model::ShardId shard, model::NodeId to,
                                     base::ByteView body) = 0;
};

// The store that hosts the replica.
class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;
  virtual void on_role(model::ShardId shard, const protocol::RoleChange& change) = 0;
  // The configuration in use changed (for Raft: as soon as it is in the log).
  virtual void on_configuration(
      model::ShardId shard, const std::shared_ptr<const model::Configuration>& configuration) = 0;
  // The leader's peer needs a snapshot; answered by Replica::snapshot_sent.
  virtual void on_send_snapshot(model::ShardId shard, const protocol::SendSnapshot& request) = 0;
  // The staged snapshot is to be installed (answered by Replica::snapshot_installed), or dropped.
  // From on_install_snapshot on the replica neither applies nor reads until the answer.
  virtual void on_install_snapshot(model::ShardId shard, const protocol::SnapshotMeta& meta) = 0;
  virtual void on_discard_snapshot(model::ShardId shard) = 0;
  // A configuration without this node was applied: the shard may be closed here.
  virtual void on_removed(model::ShardId shard) = 0;
  // The replica cannot go on here (unknown entry format, damaged data, failed engine write,
  // log_lost: acknowledged entries are missing).
  virtual void on_stopped(model::ShardId shard, const base::Error& reason) = 0;
  virtual void on_state_hash(model::ShardId shard, model::LogIndex index, std::uint64_t hash) = 0;
};

// The owner of sessions. Every accepted command ends in on_result or on_refused here, or
// on_leadership tells that it must be sent again (to the new leader, the whole unacknowledged
// suffix in order).
class Sessions {
 public:
  Sessions() = default;
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;
  virtual ~Sessions() = default;
  // A command was applied here. Told on every replica, for all sessions; the receiver filters.
  // Serial 0 answers register_session. Errors: session_expired, sequence_gap (nothing was done).
  // `results` is valid during the call only.
  virtual void on_result(model::ShardId shard, model::SessionId session, model::Serial serial,
                         const base::Result<base::ByteView>& results) = 0;
  // Commands accepted by submit_commands were not proposed after all (definite).
  virtual void on_refused(model::ShardId shard, model::SessionId session,
                          model::Serial first_serial, std::uint32_t count,
                          base::ErrorCode code) = 0;
  // Leadership was gained (and commands are accepted), lost or moved. After a loss the outcome of
  // commands proposed here is open until the new leader answers: send them again.
  virtual void on_leadership(model::ShardId shard, bool leads_here, model::NodeId leader) = 0;
};

}  // namespace ostraka::replica
