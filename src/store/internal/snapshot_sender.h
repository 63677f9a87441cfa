// Outgoing snapshots: a shard's ranges as of one engine snapshot, exported into tables, streamed in
// pieces over the bulk channel.
//
// A window of pieces is in flight; a piece is read from disk by a blocking job when there is room.
// One transfer per shard and peer, a bounded number in all; the others wait. A broken connection,
// a refusal or no progress ends a transfer; the protocol asks again. Threads: one reactor.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "port/engine.h"
#include "port/executor.h"
#include "protocol/core/effects.h"
#include "store/internal/context.h"
#include "store/internal/snapshot_frame.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ostraka::store {

class SnapshotSender {
 public:
  explicit SnapshotSender(Context& context);
  ~SnapshotSender();

  void request(model::ShardId shard, const protocol::SendSnapshot& request);
  void on_reply(model::NodeId from, const SnapshotReply& reply);
  void on_disconnected(model::NodeId peer);
  // The lowest index of a snapshot of this shard that is under way: the entries behind it are
  // needed next.
  [[nodiscard]] std::optional<model::LogIndex> lowest(model::ShardId shard) const;
  [[nodiscard]] std::uint32_t active() const { return static_cast<std::uint32_t>(active_.size()); }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  struct Transfer;
  struct Work;
  struct Wanted {
    model::ShardId shard;
    protocol::SendSnapshot request;
    model::Term term;  // in which the protocol asked
  };

  void start_next();
  void start(const Wanted& wanted);
  void on_exported(std::uint64_t id);
  void pump(Transfer& transfer);
  void read_piece(Transfer& transfer);
  void on_piece(std::uint64_t id);
  void send_pending(Transfer& transfer);
  void on_timer();
  void finish(std::uint64_t id, bool ok);

  Context& context_;
  std::map<std::uint64_t, std::unique_ptr<Transfer>> active_;
  std::deque<Wanted> wanted_;
  std::uint64_t last_id_;
  std::uint64_t sent_ = 0;
  std::unique_ptr<port::Timer> timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace ostraka::store
