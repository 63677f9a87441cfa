// One opened RocksDB database: one epoch of the engine.
//
// Life: open, used by the reactor and by pool jobs, retire() on the reactor (its iterators end with
// io_error), close() (waits for the jobs that use it). Pool jobs hold a Use while they touch db();
// the reactor touches it freely until it has retired it.
#pragma once

#include "base/result.h"
#include "engine_rocksdb/engine_rocksdb.h"
#include "engine_rocksdb/internal/insert_hint.h"
#include "port/engine.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

namespace ostraka::engine_rocksdb {

class Batch;
class Iterator;

// Where a database lies and through what it is reached. `env` outlives the engine.
struct Location {
  rocksdb::Env* env = nullptr;
  std::string root;  // the data directory, absolute
  bool compactions = true;
  std::shared_ptr<rocksdb::Logger> info_log;  // null: one that `env` makes
};

// Write stalls and background errors, told by RocksDB's threads.
class Listener final : public rocksdb::EventListener {
 public:
  // `on_error` is called on any thread, at most once until rearm().
  explicit Listener(std::function<void(const base::Error&)> on_error)
      : on_error_(std::move(on_error)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& info) override;
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override;
  // Recovery is this module's own decision.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

  [[nodiscard]] bool stalled() const { return stalled_families_.load() != 0; }
  void rearm() { told_.store(false); }
  // Completed flushes of single families so far.
  [[nodiscard]] std::uint64_t flushes();
  // Until there are more than `seen`, but not for long.
  void wait_for_flush(std::uint64_t seen);

 private:
  std::function<void(const base::Error&)> on_error_;
  std::atomic<bool> told_ = false;
  std::atomic<unsigned> stalled_families_ = 0;  // one bit per family
  std::mutex mutex_;                            // the two below
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

class Database {
 public:
  [[nodiscard]] static base::Result<std::shared_ptr<Database>> open(
      const Location& location, const Options& options, const std::shared_ptr<Listener>& listener,
      std::uint64_t epoch);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Keeps close() away; converts to false when the database is closed already.
  class Use {
   public:
    explicit Use(Database& database) : lock_(database.use_), open_(database.db_ != nullptr) {}
    explicit operator bool() const { return open_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    bool open_;
  };

  [[nodiscard]] rocksdb::DB& db() { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(port::Family family) const {
    return handles_[static_cast<std::size_t>(family)];
  }
  [[nodiscard]] const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const {
    return handles_;
  }
  [[nodiscard]] const rocksdb::Options& options() const { return options_; }
  [[nodiscard]] const Location& location() const { return location_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] Listener& listener() { return *listener_; }

  // Any thread, as long as the database is open.
  [[nodiscard]] base::Status write(Batch& batch);

  // Reactor only.
  void add(Iterator& iterator) { iterators_.push_back(&iterator); }
  void remove(Iterator& iterator) { iterators_.remove(&iterator); }
  void retire();
  [[nodiscard]] bool retired() const { return retired_; }

  // Reactor only. A snapshot is released by release() or by close(), whichever is first.
  [[nodiscard]] const rocksdb::Snapshot* take_snapshot();
  void release(const rocksdb::Snapshot* snapshot);

  // Waits for all uses. What was not flushed is gone.
  void close();

 private:
  Database(Location location, rocksdb::Options options, std::shared_ptr<Listener> listener,
           std::uint64_t epoch)
      : location_(std::move(location)),
        options_(std::move(options)),
        listener_(std::move(listener)),
        epoch_(epoch) {}

  const Location location_;
  const rocksdb::Options options_;
  const std::shared_ptr<Listener> listener_;                                 // shared with RocksDB
  const std::shared_ptr<InsertHint> hint_ = std::make_shared<InsertHint>();  // likewise
  const std::uint64_t epoch_;
  std::shared_mutex use_;
  std::mutex writing_;  // the hint belongs to the batch that is being written
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::list<Iterator*> iterators_;
  std::mutex snapshots_mutex_;
  std::list<const rocksdb::Snapshot*> snapshots_;
  bool retired_ = false;
};

}  // namespace ostraka::engine_rocksdb
