// The memory engine: the shared state and the class behind open().
#pragma once

#include "engine_memory/engine_memory.h"
#include "engine_memory/internal/versioned_map.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ostraka::engine_memory {

// Shared by the engine, its jobs, snapshots and iterators: a job that still runs when the engine is
// destroyed finds what it needs.
struct State {
  State(port::FileSystem& files_in, Options options_in)
      : files(files_in), options(std::move(options_in)) {}

  port::FileSystem& files;
  const Options options;
  // Order of locking: image_mutex, then mutex.
  std::mutex image_mutex;  // one image is written at a time
  std::mutex mutex;        // everything below
  VersionedMap map;
  std::uint64_t unflushed_bytes = 0;
  std::uint64_t image_bytes = 0;
  Sequence durable = 0;  // the image on disk is the state at this sequence number
  bool closed = false;   // the engine is gone: no more callbacks
};

class Snapshot final : public port::EngineSnapshot {
 public:
  explicit Snapshot(std::shared_ptr<State> state);
  ~Snapshot() override;
  [[nodiscard]] Sequence sequence() const { return sequence_; }

 private:
  std::shared_ptr<State> state_;
  Sequence sequence_;
};

class Iterator final : public port::EngineIterator {
 public:
  Iterator(std::shared_ptr<State> state, port::FamilyRange range,
           const port::EngineSnapshot* snapshot);
  ~Iterator() override;
  void seek(base::ByteView key) override;
  void seek_first() override;
  void seek_last() override;
  void next() override;
  void prev() override;
  [[nodiscard]] bool valid() const override { return value_ != nullptr; }
  [[nodiscard]] base::ByteView key() const override;
  [[nodiscard]] base::ByteView value() const override;
  [[nodiscard]] base::Status status() const override { return {}; }

 private:
  // Requires the mutex. Settles on the first visible key at or behind (before) `at`, inside the
  // range, or becomes invalid.
  void settle_forward(VersionedMap::Map::const_iterator at);
  void settle_backward(VersionedMap::Map::const_iterator end);

  std::shared_ptr<State> state_;
  port::FamilyRange range_;
  Sequence sequence_;  // what it sees; retained, so that the nodes it stands on stay
  VersionedMap::Map::const_iterator at_;
  ValuePtr value_;  // null = not on a key
};

class MemoryEngine final : public port::Engine {
 public:
  MemoryEngine(std::shared_ptr<State> state, port::Executor& executor);
  ~MemoryEngine() override;

  [[nodiscard]] std::unique_ptr<port::WriteBatch> new_batch() override;
  [[nodiscard]] base::Status write(port::WriteBatch& batch) override;
  [[nodiscard]] std::unique_ptr<port::EngineWrite> begin_write(port::WriteBatch& batch) override;
  [[nodiscard]] base::Result<bool> get(port::Family family, base::ByteView key, std::string& value,
                                       const port::EngineSnapshot* snapshot) override;
  [[nodiscard]] std::unique_ptr<port::EngineIterator> iterate(
      const port::FamilyRange& range, const port::EngineSnapshot* snapshot) override;
  [[nodiscard]] std::unique_ptr<port::EngineSnapshot> snapshot() override;
  void flush(OnFlushed on_flushed) override;
  [[nodiscard]] base::Result<std::vector<port::TableFile>> export_ranges(
      const port::EngineSnapshot& snapshot, const std::vector<port::FamilyRange>& ranges,
      const std::string& folder) override;
  [[nodiscard]] base::Status ingest_replacing(const std::vector<port::FamilyRange>& ranges,
                                              const std::vector<port::TableFile>& tables,
                                              port::WriteBatch& extra) override;
  [[nodiscard]] port::EngineStats stats() override;
  [[nodiscard]] std::uint64_t epoch() const override { return 1; }  // never reopened

 private:
  std::shared_ptr<State> state_;
  port::Executor& executor_;
};

// The name of the image inside Options::folder.
inline constexpr const char* kImageName = "image";

}  // namespace ostraka::engine_memory
