#include "engine_rocksdb/engine_rocksdb.h"

#include "engine_rocksdb/internal/batch.h"
#include "engine_rocksdb/internal/db_options.h"
#include "engine_rocksdb/internal/engine.h"
#include "engine_rocksdb/internal/info_log.h"
#include "engine_rocksdb/internal/iterator.h"
#include "engine_rocksdb/internal/status.h"
#include "engine_rocksdb/internal/tables.h"
#include "engine_write/deferred_write.h"

#include <rocksdb/env.h>

#include <string>
#include <utility>

namespace ostraka::engine_rocksdb {
namespace {

// Null when the snapshot belongs to an earlier epoch.
const Snapshot* of_database(const port::EngineSnapshot* snapshot,
                            const std::shared_ptr<Database>& database) {
  const auto* native = dynamic_cast<const Snapshot*>(snapshot);
  return native != nullptr && native->database() == database ? native : nullptr;
}

}  // namespace

RocksEngine::RocksEngine(Location location, port::Executor& executor, const Options& options)
    : location_(std::move(location)),
      executor_(executor),
      options_(options),
      anchor_(std::make_shared<Anchor>(this)),
      shared_(std::make_shared<Shared>()),
      retry_(executor.make_timer([this] {
        if (health_ == Health::failing) {
          try_probe();
        } else if (health_ == Health::reopening) {
          try_reopen();
        }
      })),
      rest_(executor.make_timer([this] { look_at_writes(); })) {
  listener_ = std::make_shared<Listener>([&executor, anchor = anchor_](const base::Error& error) {
    executor.post_remote([anchor, error] {
      if (anchor->engine != nullptr) {
        anchor->engine->on_background_error(error);
      }
    });
  });
}

RocksEngine::~RocksEngine() {
  anchor_->engine = nullptr;
  std::shared_ptr<Database> last;
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->closed = true;
    last = std::move(shared_->current);
  }
  if (last != nullptr) {
    last->retire();
    last->close();
  }
}

base::Status RocksEngine::open() {
  OSTRAKA_ASSIGN(database_, Database::open(location_, options_, listener_, epoch_));
  shared_->current = database_;
  return {};
}

std::unique_ptr<port::WriteBatch> RocksEngine::new_batch() {
  return std::make_unique<Batch>(epoch_);
}

base::Status RocksEngine::check(const port::WriteBatch& batch) const {
  const auto& native = static_cast<const Batch&>(batch);
  if (native.epoch() != epoch_) [[unlikely]] {
    return ended();
  }
  if (health_ != Health::good) [[unlikely]] {
    return std::unexpected(failure_);
  }
  return native.fill_status();
}

base::Status RocksEngine::write(port::WriteBatch& batch) {
  OSTRAKA_TRY(check(batch));
  watch_writes(batch.bytes());
  return database_->write(static_cast<Batch&>(batch));
}

std::unique_ptr<port::EngineWrite> RocksEngine::begin_write(port::WriteBatch& batch) {
  base::Status refused = check(batch);
  if (!refused.has_value()) {
    return std::make_unique<engine_write::DeferredWrite>(std::move(refused));
  }
  watch_writes(batch.bytes());
  return std::make_unique<engine_write::DeferredWrite>(
      executor_, options_.write_lane, [database = database_, &native = static_cast<Batch&>(batch)] {
        const Database::Use use(*database);
        return use ? database->write(native) : base::Status(ended());
      });
}

base::Result<bool> RocksEngine::get(port::Family family, base::ByteView key, std::string& value,
                                    const port::EngineSnapshot* snapshot) {
  static const rocksdb::ReadOptions kNow;
  if (!usable()) [[unlikely]] {
    return ended();
  }
  rocksdb::Status status;
  if (snapshot == nullptr) {
    status = database_->db().Get(kNow, database_->handle(family), slice(key), &value);
  } else {
    const Snapshot* native = of_database(snapshot, database_);
    if (native == nullptr) {
      return ended();
    }
    rocksdb::ReadOptions then;
    then.snapshot = native->native();
    status = database_->db().Get(then, database_->handle(family), slice(key), &value);
  }
  if (status.IsNotFound()) {
    return false;
  }
  if (!status.ok()) [[unlikely]] {
    return std::unexpected(to_error(status));
  }
  return true;
}

std::unique_ptr<port::EngineIterator> RocksEngine::iterate(const port::FamilyRange& range,
                                                           const port::EngineSnapshot* snapshot) {
  if (!usable()) {
    return std::make_unique<EndedIterator>();
  }
  if (snapshot == nullptr) {
    return std::make_unique<Iterator>(database_, range, nullptr);
  }
  const Snapshot* native = of_database(snapshot, database_);
  if (native == nullptr) {
    return std::make_unique<EndedIterator>();
  }
  return std::make_unique<Iterator>(database_, range, native->native());
}

std::unique_ptr<port::EngineSnapshot> RocksEngine::snapshot() {
  if (!usable()) {
    return std::make_unique<NoSnapshot>();
  }
  return std::make_unique<Snapshot>(database_);
}

void RocksEngine::flush(OnFlushed on_flushed) {
  if (health_ != Health::good) {
    executor_.post([anchor = anchor_, failure = failure_, done = std::move(on_flushed)]() mutable {
      if (anchor->engine != nullptr) {
        done(std::unexpected(std::move(failure)));
      }
    });
    return;
  }
  auto outcome = std::make_shared<base::Status>();
  executor_.run_blocking(
      options_.lane,
      [database = database_, outcome] {
        const Database::Use use(*database);
        *outcome = use ? flush_all(*database) : base::Status(ended());
      },
      [anchor = anchor_, database = database_, outcome, done = std::move(on_flushed)]() mutable {
        if (anchor->engine == nullptr) {
          return;
        }
        if (!outcome->has_value() && anchor->engine->database_ == database) {
          anchor->engine->on_background_error(outcome->error());
        }
        done(std::move(*outcome));
      });
}

std::shared_ptr<Database> RocksEngine::current() {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->current;
}

base::Result<std::vector<port::TableFile>> RocksEngine::export_ranges(
    const port::EngineSnapshot& snapshot, const std::vector<port::FamilyRange>& ranges,
    const std::string& folder) {
  // The snapshot's own database, whichever is current: if it is closed by now, so is the snapshot.
  const auto* native = dynamic_cast<const Snapshot*>(&snapshot);
  if (native == nullptr) {
    return ended();
  }
  const Database::Use use(*native->database());
  if (!use) {
    return ended();
  }
  return export_tables(*native->database(), *native->native(), ranges, folder,
                       options_.table_bytes_max);
}

base::Status RocksEngine::ingest_replacing(const std::vector<port::FamilyRange>& ranges,
                                           const std::vector<port::TableFile>& tables,
                                           port::WriteBatch& extra) {
  const std::shared_ptr<Database> database = current();
  if (database == nullptr) {
    return ended();
  }
  const Database::Use use(*database);
  auto& batch = static_cast<Batch&>(extra);
  if (!use || batch.epoch() != database->epoch()) {
    return ended();
  }
  return ingest_tables(*database, ranges, tables, batch);
}

port::EngineStats RocksEngine::stats() {
  port::EngineStats stats{.write_stalled = true, .epoch = epoch_};
  if (!usable()) {
    return stats;
  }
  rocksdb::DB& db = database_->db();
  // A property that RocksDB cannot tell stays zero.
  std::ignore = db.GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables,
                                            &stats.memory_bytes);
  std::ignore =
      db.GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &stats.disk_bytes);
  std::ignore =
      db.GetAggregatedIntProperty(rocksdb::DB::Properties::kEstimateNumKeys, &stats.estimated_keys);
  // Before RocksDB delays or stops writes, at the last two write buffers.
  stats.write_stalled = health_ != Health::good || listener_->stalled() ||
                        stats.memory_bytes > options_.write_buffer_bytes * (kWriteBuffers - 3);
  return stats;
}

base::Result<std::unique_ptr<port::Engine>> open_at(const Location& location,
                                                    port::Executor& executor,
                                                    const Options& options) {
  auto engine = std::make_unique<RocksEngine>(location, executor, options);
  OSTRAKA_TRY(engine->open());
  return engine;
}

base::Result<std::unique_ptr<port::Engine>> open(port::FileSystem& files, port::Executor& executor,
                                                 const Options& options) {
  if (files.root().empty()) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "engine: RocksDB needs a real data directory");
  }
  OSTRAKA_TRY(files.make_directory(options.folder));
  return open_at({.env = rocksdb::Env::Default(),
                  .root = files.root(),
                  .info_log = make_info_log(files.root() + "/" + options.folder + "/LOG")},
                 executor, options);
}

}  // namespace ostraka::engine_rocksdb
