// The RocksDB engine: the reactor's side, and recovery after a background error.
#pragma once

#include "engine_rocksdb/engine_rocksdb.h"
#include "engine_rocksdb/internal/database.h"
#include "port/engine.h"
#include "port/executor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ostraka::engine_rocksdb {

// As engine_rocksdb::open, over any rocksdb::Env: for tests that cut the power.
[[nodiscard]] base::Result<std::unique_ptr<port::Engine>> open_at(const Location& location,
                                                                  port::Executor& executor,
                                                                  const Options& options);

class RocksEngine final : public port::Engine {
 public:
  RocksEngine(Location location, port::Executor& executor, const Options& options);
  ~RocksEngine() override;
  // Once, before anything else.
  [[nodiscard]] base::Status open();

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
  [[nodiscard]] std::uint64_t epoch() const override { return epoch_; }

 private:
  // good: in use. failing: a background error is there; reads work, writes and flushes are refused
  // until the disk takes writes again. reopening: there is no database.
  enum class Health : std::uint8_t { good, failing, reopening };

  // What pool jobs share with the engine.
  struct Shared {
    std::mutex mutex;                   // held while the database is reopened
    std::shared_ptr<Database> current;  // changed under the mutex
    bool closed = false;
  };
  // Lets callbacks on the reactor find out whether the engine is still there.
  struct Anchor {
    RocksEngine* engine;
  };

  // Why a batch cannot be written.
  [[nodiscard]] base::Status check(const port::WriteBatch& batch) const;
  [[nodiscard]] bool usable() const { return health_ != Health::reopening; }
  // The database for a pool job.
  [[nodiscard]] std::shared_ptr<Database> current();
  void on_background_error(const base::Error& error);
  void try_probe();
  void probed(const base::Status& status);
  void try_reopen();
  void reopened(const base::Status& status);
  void retry_later();
  void watch_writes(std::size_t bytes);
  void look_at_writes();

  const Location location_;
  port::Executor& executor_;
  const Options options_;
  std::shared_ptr<Listener> listener_;
  std::shared_ptr<Anchor> anchor_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Database> database_;  // the reactor's copy of Shared::current
  std::unique_ptr<port::Timer> retry_;
  std::unique_ptr<port::Timer> rest_;
  std::size_t written_bytes_ = 0;  // since the timer was armed
  bool watching_ = false;          // the timer is armed
  bool resting_ = false;           // the database merges at kLevel0FilesResting
  std::uint64_t epoch_ = 1;
  Health health_ = Health::good;
  base::Error failure_ = {};  // why the engine is not good
};

}  // namespace ostraka::engine_rocksdb
