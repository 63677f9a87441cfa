// The write-ahead log of a node: port::LogStore on files, with group commit.
//
// Everything appended while the last sync ran leaves as one batch: one write and one sync. Batches
// are formed at the end of a turn when the log is idle; nothing ever waits for more to come. The
// format and the rules of recovery are in docs/formats/wal.md.
//
// Threads: one reactor, as port::LogStore. Files are touched only inside Executor::run_blocking
// jobs and in open(). Ownership: file system and executor outlive the Wal; pending jobs may outlive
// it. Bounds: the caller bounds what it appends by stats().queued_bytes. Errors: a failed write or
// sync is never retried, it goes to the FatalHandler and the Wal takes no further step; a full disk
// is not an error (DurableListener::on_space).
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "port/executor.h"
#include "port/file_system.h"
#include "port/log_store.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::wal {

// Planted bugs with which tests and the simulator prove that their checks can fail. Never set
// anywhere else.
enum class Mutant : std::uint8_t {
  none,
  no_generation,                    // stale batches of a recycled segment pass for valid ones
  vote_collected_with_segment,      // new segments do not carry the hard states
  stop_at_first_bad_record_always,  // damage in the middle is cut like a torn tail
  sync_error_ignored,               // a failed sync passes for a good one
};

struct Options {
  std::string folder = "wal";
  // Of the data directory (its incarnation): a log of another directory is refused.
  std::uint64_t identity = 0;
  // Streams for new shards; streams found on disk are opened in any case.
  std::uint32_t streams = 1;
  // Lowered on small disks, so that a segment takes at most 1/16 of the free space at open().
  std::uint64_t segment_bytes = 64ULL << 20;
  // The first segment of a new log, so that a fresh node starts at once.
  std::uint64_t initial_segment_bytes = 1ULL << 20;
  // Preallocated or recycled segments held ready.
  std::uint32_t spare_segments = 2;
  // Bytes of one batch; a larger single LogWrite goes alone.
  std::uint64_t max_batch_bytes = 4ULL << 20;
  // Collection starts when the segments hold more than twice the live bytes and so many segments.
  std::uint32_t slack_segments = 4;
  // After so much idleness an empty batch seals the last one.
  base::Duration seal_after = base::Duration::milliseconds(200);
  // Back-off of a full disk.
  base::Duration retry_min = base::Duration::milliseconds(50);
  base::Duration retry_max = base::Duration::seconds(2);
  // Lanes of Executor::run_blocking: background, reads, then one per stream.
  unsigned first_lane = 16;
  Mutant mutant = Mutant::none;
};

// Called once, on the reactor, when the log cannot go on (a write or a sync failed). The server
// prints one line and ends the process; the simulator crashes the node.
using FatalHandler = std::move_only_function<void(const base::Error&)>;

class LogStream;

class Wal final : public port::LogStore {
 public:
  // Blocking: recovers every stream. Errors: corruption (names file and offset), format_unknown,
  // identity_mismatch, io_error. A full disk is none: the log opens and says so by on_space at the
  // first write.
  [[nodiscard]] static base::Result<std::unique_ptr<Wal>> open(port::FileSystem& files,
                                                               port::Executor& executor,
                                                               const Options& options,
                                                               FatalHandler on_fatal);
  ~Wal() override;

  [[nodiscard]] base::Result<port::RecoveredLog> take_recovered(model::ShardId shard) override;
  [[nodiscard]] std::vector<model::ShardId> shards() const override;
  void attach(model::ShardId shard, port::DurableListener& listener) override;
  void append(model::ShardId shard, std::uint64_t cookie, port::LogWrite write) override;
  void read(model::ShardId shard, model::LogIndex first, model::LogIndex end, std::size_t max_bytes,
            OnRead on_read) override;
  void compact(model::ShardId shard, model::LogIndex index, model::Term term) override;
  void start_behind(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                    model::Term term) override;
  void reset(model::ShardId shard, std::uint64_t cookie, model::LogIndex index, model::Term term,
             const protocol::HardState& hard_state) override;
  [[nodiscard]] std::uint64_t pinned_bytes(model::ShardId shard) const override;
  [[nodiscard]] port::LogStoreStats stats() const override;

 private:
  Wal() = default;
  [[nodiscard]] LogStream& stream_of(model::ShardId shard);

  std::vector<std::unique_ptr<LogStream>> streams_;
  std::map<model::ShardId, LogStream*> by_shard_;
  std::uint32_t streams_for_new_ = 1;
};

}  // namespace ostraka::wal
