// Incoming snapshots: staged durably in a folder, offered to the protocol, installed by one atomic
// ingest or dropped.
//
// Pieces are written by blocking jobs of one lane, in order; the folder is complete and synced
// before the protocol hears of it. One transfer per shard, a bounded number in all; a transfer of a
// later leader replaces one that is still streaming. Half snapshots of an earlier process life are
// removed by Store::start. Threads: one reactor.
#pragma once

#include "model/ids.h"
#include "port/executor.h"
#include "protocol/core/message.h"
#include "store/internal/context.h"
#include "store/internal/snapshot_frame.h"

#include <cstdint>
#include <map>
#include <memory>

namespace ostraka::store {

class SnapshotReceiver {
 public:
  explicit SnapshotReceiver(Context& context);
  ~SnapshotReceiver();

  void on_chunk(model::NodeId from, model::ShardId shard, const SnapshotChunk& chunk);
  void on_disconnected(model::NodeId peer);
  // What the protocol decided about the staged snapshot.
  void install(model::ShardId shard, const protocol::SnapshotMeta& meta);
  void discard(model::ShardId shard);
  [[nodiscard]] std::uint32_t active() const {
    return static_cast<std::uint32_t>(incoming_.size());
  }
  [[nodiscard]] std::uint64_t installed() const { return installed_; }

 private:
  struct Incoming;
  struct Work;

  void begin(model::NodeId from, model::ShardId shard, const SnapshotChunk& chunk);
  void write_piece(Incoming& incoming, const SnapshotChunk& chunk);
  void end(Incoming& incoming, const SnapshotChunk& chunk);
  void on_written(model::ShardId shard, std::uint64_t transfer, std::uint64_t sequence);
  void on_staged(model::ShardId shard, std::uint64_t transfer);
  void on_ingested(model::ShardId shard);
  void refuse(model::ShardId shard, base::ErrorCode code);
  void drop(model::ShardId shard);
  void reply(model::NodeId to, model::ShardId shard, const SnapshotReply& reply);
  [[nodiscard]] Incoming* find(model::ShardId shard, std::uint64_t transfer);

  Context& context_;
  std::map<model::ShardId, std::unique_ptr<Incoming>> incoming_;
  std::uint64_t last_folder_ = 0;
  std::uint64_t installed_ = 0;
  std::shared_ptr<bool> alive_;
};

}  // namespace ostraka::store
