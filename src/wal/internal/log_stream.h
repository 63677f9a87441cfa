// One stream of the write-ahead log: the queue of appends, the batch in flight, the chain of
// segments.
//
// Life of an append: queued (append) -> put into a batch, and with that into the index (form_batch)
// -> durable (complete_batch). The index therefore always shows the log as of the last batch
// formed; what a batch says about floors and states is true when that batch is durable, and void
// with it otherwise. At most one batch is in flight. Threads: the reactor; jobs see only the Io
// object and SegmentFile.
#pragma once

#include "base/result.h"
#include "port/executor.h"
#include "port/file_system.h"
#include "port/log_store.h"
#include "wal/internal/batch_builder.h"
#include "wal/internal/entry_reader.h"
#include "wal/internal/recovery.h"
#include "wal/internal/segment.h"
#include "wal/internal/segment_pool.h"
#include "wal/internal/shard_log.h"
#include "wal/wal.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ostraka::wal {

class LogStream {
 public:
  struct Setup {
    port::FileSystem& files;
    port::Executor& executor;
    const Options& options;  // copied
    std::uint32_t stream = 0;
    std::function<void(const base::Error&)> on_fatal;
  };

  // Blocking; see Wal::open.
  [[nodiscard]] static base::Result<std::unique_ptr<LogStream>> open(Setup setup);
  ~LogStream();
  LogStream(const LogStream&) = delete;
  LogStream& operator=(const LogStream&) = delete;

  [[nodiscard]] base::Result<port::RecoveredLog> take_recovered(model::ShardId shard);
  [[nodiscard]] std::vector<model::ShardId> shards() const;
  void attach(model::ShardId shard, port::DurableListener& listener);
  void append(model::ShardId shard, std::uint64_t cookie, port::LogWrite write);
  void read(model::ShardId shard, model::LogIndex first, model::LogIndex end, std::size_t max_bytes,
            port::LogStore::OnRead on_read);
  void compact(model::ShardId shard, model::LogIndex index, model::Term term);
  void start_behind(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                    model::Term term);
  void reset(model::ShardId shard, std::uint64_t cookie, model::LogIndex index, model::Term term,
             const protocol::HardState& hard_state);
  [[nodiscard]] std::uint64_t pinned_bytes(model::ShardId shard) const;
  void add_stats(port::LogStoreStats& stats) const;

 private:
  enum class Kind : std::uint8_t { write, reset, start_behind, copy };

  // One queued change of one shard.
  struct Pending {
    Kind kind = Kind::write;
    model::ShardId shard;
    std::uint64_t cookie = 0;
    port::LogWrite write;               // reset: hard_state only; copy: entries only
    model::LogIndex start;              // reset, start_behind
    model::Term start_term;             // reset, start_behind
    std::vector<IndexedEntry> sources;  // copy: where each entry was read
    std::uint64_t bytes = 0;            // upper bound in a batch
  };

  struct ShardState {
    explicit ShardState(ShardLog recovered) : log(std::move(recovered)) {}
    ShardLog log;
    port::DurableListener* listener = nullptr;
    std::uint64_t enqueued = 0;   // changes ever queued
    std::uint64_t formed = 0;     // of them in batches
    std::uint64_t completed = 0;  // of them durable
    std::uint64_t bulk_waiting = 0;
    std::uint64_t formed_cookie = 0;
    std::uint64_t told_cookie = 0;
    // lowest index that a change not yet durable touches; valid while enqueued > completed
    model::LogIndex unsettled_from;
    bool in_flight = false;  // named in in_flight_shards_
  };

  // What the writing of a batch needs; outlives the stream if it must.
  struct Io {
    std::shared_ptr<SegmentFile> file;
    BatchBuilder batch;
    port::DurableWrite write;
  };

  struct WaitingRead {
    ShardState* shard;
    std::uint64_t needs;  // completed must reach this
    model::ShardId id;
    model::LogIndex first;
    model::LogIndex end;
    std::size_t max_bytes;
    port::LogStore::OnRead on_read;
  };

  struct Queues {
    std::deque<Pending> urgent;  // hard states alone: small, may overtake other shards' entries
    std::deque<Pending> bulk;
    std::uint64_t bytes = 0;      // in both and in flight
    std::uint64_t in_flight = 0;  // of them in the batch
    std::uint32_t copies = 0;     // queued or in flight
  };

  // The batch in flight, and what follows from it.
  struct Flight {
    bool active = false;
    std::uint64_t floor = 0;
    std::vector<ShardState*> shards;
    std::uint32_t copies = 0;
  };

  struct Flags {
    bool writable = false;  // the last segment was opened in this life
    bool form_scheduled = false;
    bool want_batch = false;  // a batch must be written although nothing is queued
    bool sealed = true;       // the last batch holds nothing
    bool failed = false;
    bool full_told = false;
    bool seal_armed = false;
    bool collection_stuck = false;  // the oldest segment cannot be read
    bool reading_copies = false;
  };

  LogStream(Setup setup, SegmentPool::Settings pool);
  [[nodiscard]] base::Status write_again(const Segment& segment, std::uint64_t offset);
  [[nodiscard]] base::Status adopt(RecoveredStream recovered, const std::string& folder);

  ShardState& state_of(model::ShardId shard);
  void enqueue(Pending pending);
  void schedule_form();

  // log_stream_batch.cc
  void form_batch();
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] std::uint64_t overhead_bytes() const;
  [[nodiscard]] bool open_segment(std::uint64_t bytes);
  void add_states();
  void add_compactions();
  // Moves what fits below `limit` into the batch; `taken` counts.
  void take_from(std::deque<Pending>& queue, std::uint64_t limit, std::size_t& taken);
  void put_in_batch(Pending& pending);
  static void drop_moved(Pending& pending, const ShardLog& log);
  void submit();
  void start_io();
  void finish_io();
  void complete_batch();
  void tell_durable();
  void fail(const base::Error& error);

  // log_stream_space.cc
  void release_segments(std::uint64_t floor);
  void want_floor();
  void maybe_collect();
  void read_copies(const std::vector<EntryToRead>& wanted,
                   const std::vector<model::ShardId>& owners);
  void enqueue_copies(const std::vector<EntryToRead>& wanted,
                      const std::vector<model::ShardId>& owners,
                      std::vector<port::LogEntry> entries);
  void on_pool_change();
  void tell_space(bool full);
  void arm_seal();
  void on_seal_timer();

  // log_stream_read.cc
  void start_read(WaitingRead read);
  void resume_reads();
  void run_read(std::vector<EntryToRead> wanted,
                std::move_only_function<void(base::Result<std::vector<port::LogEntry>>)> then);
  [[nodiscard]] std::shared_ptr<SegmentFile> file_of(std::uint64_t generation) const;

  port::FileSystem& files_;
  port::Executor& executor_;
  const Options options_;
  const StreamFormat format_;
  std::function<void(const base::Error&)> on_fatal_;
  SegmentPool pool_;
  std::unique_ptr<LiveTable> live_;
  std::map<model::ShardId, ShardState> shards_;
  std::deque<Segment> segments_;  // oldest first; the last is written when flags_.writable
  std::uint64_t next_generation_ = 1;
  Queues queues_;
  std::set<model::ShardId> moved_starts_;  // compactions that no batch says yet
  Flight flight_;
  Flags flags_;
  std::shared_ptr<Io> io_ = std::make_shared<Io>();
  codec::LogRecord record_;  // used again and again
  std::vector<WaitingRead> waiting_reads_;
  struct Timers {
    std::unique_ptr<port::Timer> seal;
    std::unique_ptr<port::Timer> retry;
    base::Duration backoff;
    base::Instant last_write;
  } timers_;
  struct Counters {
    std::uint64_t syncs = 0;
    std::uint64_t bytes_written = 0;
  } counters_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ostraka::wal
