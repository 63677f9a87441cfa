// When the engine is flushed, and what of the logs is then dropped.
//
// A flush is the checkpoint of every shard of the engine at once. It is forced by log bytes or age,
// so that the time of a restart is bounded and an idle shard pins nothing. Threads: one reactor.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "port/executor.h"
#include "replica/replica.h"
#include "store/internal/context.h"
#include "store/internal/snapshot_sender.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace ostraka::store {

class Checkpointer {
 public:
  using OnDone = std::move_only_function<void(base::Status)>;
  using OnFailed = std::move_only_function<void(const base::Error&)>;
  // The engine lost what was not flushed: shards load and replay again.
  // False: not all could be loaded again; asked again at the next tick.
  using OnReopened = std::move_only_function<bool()>;

  Checkpointer(Context& context, const SnapshotSender& sender, OnFailed on_failed,
               OnReopened on_reopened);
  ~Checkpointer();

  void add(model::ShardId shard, model::LogIndex flushed);
  void start();
  void stop();
  // Flushes now, or once more behind a flush that is running.
  void flush(OnDone on_done);
  // A snapshot was installed: an ingest is durable by itself.
  void set_flushed(model::ShardId shard, model::LogIndex index);
  [[nodiscard]] std::uint64_t completed() const { return completed_; }

 private:
  // Where the log of a shard was when so many bytes of log had been written.
  struct Mark {
    model::LogIndex index;
    std::uint64_t written = 0;
  };

  struct Shard {
    model::LogIndex flushed;    // covered by the last checkpoint
    model::LogIndex flushing;   // covered by the one that is running
    model::LogIndex compacted;  // dropped from the log
    std::deque<Mark> marks;     // of checkpoints; oldest first, a few
  };

  void tick();
  void work(base::Instant now, const port::EngineStats& stats);
  // Whether the file system is nearly full; told to the replicas when that changes.
  void watch_file_system(const port::EngineStats& stats);
  // A full log or file system is met by a checkpoint, behind which nothing of the log is kept.
  void watch_space(const port::EngineStats& stats);
  [[nodiscard]] bool is_due(base::Instant now);
  void begin_flush();
  void on_flushed(base::Status status);
  void mark(Shard& shard) const;
  void compact(model::ShardId id, Shard& shard);
  // The last index behind which the log holds Options::log_history_bytes.
  [[nodiscard]] model::LogIndex history_end(Shard& shard) const;

  Context& context_;
  const SnapshotSender& sender_;
  OnFailed on_failed_;
  OnReopened on_reopened_;
  std::map<model::ShardId, Shard> shards_;
  std::vector<OnDone> waiting_;  // for the next flush
  std::vector<OnDone> running_;
  bool flushing_ = false;
  bool stopped_ = false;
  struct {
    std::uint64_t reserve = 0;
    replica::Space left = replica::Space::enough;  // of the file system
    bool near = false;                             // it is looked at more often
    bool full = false;                             // a replica says that it cannot write
    bool flush_due = false;                        // full, and no flush has begun since
  } space_;
  std::uint64_t completed_ = 0;
  std::uint64_t log_bytes_at_flush_ = 0;
  std::uint64_t history_bytes_ = 0;  // Options::log_history_bytes, less on a small disk
  std::uint64_t engine_epoch_ = 0;
  base::Instant flushed_at_;
  base::Instant work_at_;
  std::unique_ptr<port::Timer> timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace ostraka::store
