// The durable logs of a node's shards.
//
// Threads: one reactor. A log entry written at an index replaces what was there (slot engines
// overwrite; log engines truncate first). Appends of one shard become durable in order. A failed
// sync never comes back: the process ends.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "protocol/core/effects.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::port {

struct LogEntry {
  protocol::EntryMeta meta;
  base::Buffer payload;
};

// One atomic write: truncation, then entries, then hard state. All of it survives a crash, or none.
struct LogWrite {
  std::optional<model::LogIndex> truncate_from;
  std::vector<LogEntry> entries;
  std::optional<protocol::HardState> hard_state;
};

// A shard's log as found on disk.
struct RecoveredLog {
  protocol::HardState hard_state;
  // entries at or before this index were dropped (compaction or snapshot)
  model::LogIndex start;
  model::Term start_term;         // the term of the entry at `start`
  std::vector<LogEntry> entries;  // rising; without gaps for log engines
};

// Told when a LogWrite is durable. An intrusive object, so that an append allocates no callback.
// The caller keeps it alive.
class DurableListener {
 public:
  DurableListener() = default;
  DurableListener(const DurableListener&) = delete;
  DurableListener& operator=(const DurableListener&) = delete;
  virtual ~DurableListener() = default;
  // Every append of this shard with a cookie <= `cookie` is durable. Cookies rise with each append.
  virtual void on_durable(std::uint64_t cookie) = 0;
  // The log cannot take writes now (disk full): appended but not durable writes stay queued and are
  // completed when space is back; `full` = false then.
  virtual void on_space(bool full) = 0;
};

struct LogStoreStats {
  std::uint64_t syncs = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t segments = 0;
  std::uint64_t live_bytes = 0;    // bytes of segments on disk
  std::uint64_t queued_bytes = 0;  // appended, not durable
};

class LogStore {
 public:
  using OnRead = std::move_only_function<void(base::Result<std::vector<LogEntry>>)>;

  LogStore() = default;
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;
  virtual ~LogStore() = default;

  // What was found for this shard at start-up (moved out: call once). An unknown shard gives an
  // empty log.
  [[nodiscard]] virtual base::Result<RecoveredLog> take_recovered(model::ShardId shard) = 0;
  // Shards that have anything on disk.
  [[nodiscard]] virtual std::vector<model::ShardId> shards() const = 0;

  // Registers who is told. Before the first append.
  virtual void attach(model::ShardId shard, DurableListener& listener) = 0;
  // Queues one atomic write. `cookie` rises per shard. Whatever is queued while a sync runs leaves
  // as one write and one sync.
  virtual void append(model::ShardId shard, std::uint64_t cookie, LogWrite write) = 0;
  // Reads entries [first, end) from disk, at most max_bytes of payload but at least one. Calls back
  // never from within.
  virtual void read(model::ShardId shard, model::LogIndex first, model::LogIndex end,
                    std::size_t max_bytes, OnRead on_read) = 0;
  // Entries up to `index` are no longer needed (the checkpoint has them). Space is reclaimed in the
  // background.
  virtual void compact(model::ShardId shard, model::LogIndex index, model::Term term) = 0;
  // Durable replacement of the whole log by "starts behind index" (snapshot install), with the hard
  // state. Counts as an append with this cookie.
  virtual void reset(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                     model::Term term, const protocol::HardState& hard_state) = 0;
  // Durable: everything up to `index` is gone, what lies behind it stays (a slot engine's snapshot
  // install: an acceptor never forgets what it accepted). Counts as an append with this cookie.
  virtual void start_behind(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                            model::Term term) = 0;
  // Bytes of log that a shard's un-compacted entries pin.
  [[nodiscard]] virtual std::uint64_t pinned_bytes(model::ShardId shard) const = 0;
  [[nodiscard]] virtual LogStoreStats stats() const = 0;
};

}  // namespace ostraka::port
