// An ordered map of byte strings with families, atomic batches, snapshots, checkpoints and ingest.
//
// Writes go to memory; they are durable after flush() completes, all families together up to one
// point (the checkpoint). After a crash the engine holds exactly the state of some completed flush.
// Keys are ordered bytewise. Threads: one reactor, except where a method says "blocking": those run
// inside Executor::run_blocking jobs.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::port {

// A fixed set, so that one flush covers all.
enum class Family : std::uint8_t {
  data = 0,     // current values
  history = 1,  // older versions and the by-version index
  expiry = 2,   // deadline -> key
  session = 3,  // client sessions and stored replies
  meta = 4,     // applied index and configuration per shard, keyspace generations
};
inline constexpr std::size_t kFamilyCount = 5;

// Keys that begin with this many bytes 0xff, or more, are refused: write() answers
// invalid_argument. So "to the end" has a bound that can be written down.
inline constexpr std::size_t kKeyEndBytes = 32;

// Writes that take effect together. Reused by clear().
class WriteBatch {
 public:
  WriteBatch() = default;
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;
  virtual ~WriteBatch() = default;
  virtual void put(Family family, base::ByteView key, base::ByteView value) = 0;
  virtual void remove(Family family, base::ByteView key) = 0;
  // Removes every key in [lower, upper); an empty upper means "to the end".
  virtual void remove_range(Family family, base::ByteView lower, base::ByteView upper) = 0;
  virtual void clear() = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  [[nodiscard]] virtual bool empty() const = 0;
};

// A frozen view; released by destruction (before the engine).
class EngineSnapshot {
 public:
  EngineSnapshot() = default;
  EngineSnapshot(const EngineSnapshot&) = delete;
  EngineSnapshot& operator=(const EngineSnapshot&) = delete;
  virtual ~EngineSnapshot() = default;
};

// Walks [lower, upper) in order. key() and value() are valid until the next move.
class EngineIterator {
 public:
  EngineIterator() = default;
  EngineIterator(const EngineIterator&) = delete;
  EngineIterator& operator=(const EngineIterator&) = delete;
  virtual ~EngineIterator() = default;
  virtual void seek(base::ByteView key) = 0;  // first key >= key
  virtual void seek_first() = 0;
  virtual void seek_last() = 0;
  virtual void next() = 0;
  virtual void prev() = 0;
  [[nodiscard]] virtual bool valid() const = 0;
  [[nodiscard]] virtual base::ByteView key() const = 0;
  [[nodiscard]] virtual base::ByteView value() const = 0;
  // An error ended the walk (io_error, corruption).
  [[nodiscard]] virtual base::Status status() const = 0;
};

struct FamilyRange {
  Family family = Family::data;
  std::string lower;
  std::string upper;  // exclusive; empty = to the end
};

// One exported table: a file in the data directory, relative path.
struct TableFile {
  Family family = Family::data;
  std::string path;
  std::uint64_t bytes = 0;
};

struct EngineStats {
  std::uint64_t memory_bytes = 0;  // not flushed
  std::uint64_t disk_bytes = 0;
  std::uint64_t estimated_keys = 0;
  bool write_stalled = false;  // the caller holds back proposals
  std::uint64_t epoch = 1;     // as Engine::epoch()
};

// A batch on its way into the engine's memory, see Engine::begin_write(). Destroying it takes back
// what nobody has begun and waits for the end of what somebody has.
class EngineWrite {
 public:
  EngineWrite() = default;
  EngineWrite(const EngineWrite&) = delete;
  EngineWrite& operator=(const EngineWrite&) = delete;
  virtual ~EngineWrite() = default;
  // Whether finish() only tells.
  [[nodiscard]] virtual bool done() const = 0;
  // The outcome, as of write(). Waits for a thread that is at it, or does it here.
  [[nodiscard]] virtual base::Status finish() = 0;
};

class Engine {
 public:
  using OnFlushed = std::move_only_function<void(base::Status)>;

  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  [[nodiscard]] virtual std::unique_ptr<WriteBatch> new_batch() = 0;
  [[nodiscard]] virtual base::Status write(WriteBatch& batch) = 0;
  // The same beside the reactor, which goes on reading: what the batch writes appears at once, at
  // some time before finish(). The batch stays as it is until the EngineWrite is gone. Its order
  // against other writes, flushes and ingests is not defined before finish() has returned. The
  // EngineWrite goes before the engine.
  [[nodiscard]] virtual std::unique_ptr<EngineWrite> begin_write(WriteBatch& batch) = 0;
  // True and `value` filled when present. `snapshot` null = now.
  [[nodiscard]] virtual base::Result<bool> get(Family family, base::ByteView key,
                                               std::string& value,
                                               const EngineSnapshot* snapshot = nullptr) = 0;
  [[nodiscard]] virtual std::unique_ptr<EngineIterator> iterate(
      const FamilyRange& range, const EngineSnapshot* snapshot = nullptr) = 0;
  [[nodiscard]] virtual std::unique_ptr<EngineSnapshot> snapshot() = 0;

  // Makes everything written so far durable, all families at one point. Calls back on the reactor,
  // never from within. Errors leave the earlier checkpoint intact; the engine reopens itself after
  // a background error.
  virtual void flush(OnFlushed on_flushed) = 0;

  // Blocking. Writes the ranges as seen by `snapshot` into sorted tables below `folder` (created).
  [[nodiscard]] virtual base::Result<std::vector<TableFile>> export_ranges(
      const EngineSnapshot& snapshot, const std::vector<FamilyRange>& ranges,
      const std::string& folder) = 0;
  // Blocking. Atomically and durably: everything in `ranges` is replaced by the tables (which lie
  // inside the ranges) and by `extra` (the meta record). The files are consumed. Memory written
  // before is flushed first, so that order is kept.
  [[nodiscard]] virtual base::Status ingest_replacing(const std::vector<FamilyRange>& ranges,
                                                      const std::vector<TableFile>& tables,
                                                      WriteBatch& extra) = 0;
  [[nodiscard]] virtual EngineStats stats() = 0;
  // Rises when the engine had to be reopened after a background error: what was not flushed is
  // gone, and the owner loads and replays its shards again before it reads. Batches, snapshots and
  // iterators of an earlier epoch answer io_error.
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;
};

}  // namespace ostraka::port
