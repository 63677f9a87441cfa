// port::Engine on RocksDB.
//
// RocksDB's own log is off: the replicated log is the log, and a flush of all column families at
// one point (atomic flush) is the checkpoint. One column family per port::Family. Closing does not
// flush: what was not flushed is gone, as after a crash, and is replayed from the replicated log.
//
// After a background error (a failed write or sync of RocksDB, a full disk) reads go on, writes and
// flushes are refused with the error, and the engine tries every `recovery_interval` whether the
// disk takes writes again. Then the database is closed and opened again inside the process: what
// was not flushed is gone, EngineStats::epoch rises, and batches, snapshots and iterators of the
// earlier epoch answer io_error. The owner replays from its log.
//
// Threads: as port::Engine says. RocksDB's own threads flush and compact; nothing but
// export_ranges, ingest_replacing, open and the destructor blocks, and EngineWrite::finish() while
// the pool is at it. Writes never wait for RocksDB: during a
// write stall they answer busy, and stats().write_stalled is set before that.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "port/engine.h"
#include "port/executor.h"
#include "port/file_system.h"

#include <cstdint>
#include <memory>
#include <string>

namespace ostraka::engine_rocksdb {

struct Options {
  std::string folder = "engine";  // inside the data directory; created
  unsigned lane = 1;              // of Executor::run_blocking, for flushes and recovery
  unsigned write_lane = 2;        // for writes beside the reactor
  std::uint64_t cache_bytes = std::uint64_t{256} << 20;  // blocks and filters; used lazily
  // All families; flushed when full. The larger, the less is merged again and again; the smaller,
  // the more of an insert finds in the processor's caches (docs/benchmarks.md).
  std::uint64_t write_buffer_bytes = std::uint64_t{32} << 20;
  std::uint64_t table_bytes_max = std::uint64_t{1} << 30;  // of one exported table
  int open_files_max = 256;
  int background_jobs = 2;
  base::Duration recovery_interval = base::Duration::seconds(1);  // between attempts
  base::Duration rest_interval = base::Duration::seconds(2);      // with few writes, then it merges
};

// Blocking. `files.root()` names the data directory and must not be empty; `files` and `executor`
// outlive the engine. Errors: invalid_argument, corruption, disk_full, io_error.
[[nodiscard]] base::Result<std::unique_ptr<port::Engine>> open(port::FileSystem& files,
                                                               port::Executor& executor,
                                                               const Options& options);

}  // namespace ostraka::engine_rocksdb
