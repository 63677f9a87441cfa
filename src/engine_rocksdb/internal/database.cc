#include "engine_rocksdb/internal/database.h"

#include "engine_rocksdb/internal/batch.h"
#include "engine_rocksdb/internal/db_options.h"
#include "engine_rocksdb/internal/families.h"
#include "engine_rocksdb/internal/iterator.h"
#include "engine_rocksdb/internal/status.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ostraka::engine_rocksdb {

void Listener::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                                 rocksdb::Status* error) {
  if (!told_.exchange(true)) {
    on_error_(to_error(*error));
  }
}

void Listener::OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& /*info*/) {
  const std::scoped_lock lock(mutex_);
  ++flushes_;
  flushed_.notify_all();
}

std::uint64_t Listener::flushes() {
  const std::scoped_lock lock(mutex_);
  return flushes_;
}

void Listener::wait_for_flush(std::uint64_t seen) {
  std::unique_lock lock(mutex_);
  flushed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return flushes_ != seen; });
}

void Listener::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                                    rocksdb::Status /*error*/, bool* auto_recovery) {
  *auto_recovery = false;
}

void Listener::OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) {
  for (const port::Family family : kFamilies) {
    if (info.cf_name == name_of(family)) {
      const unsigned bit = 1U << static_cast<unsigned>(family);
      if (info.condition.cur == rocksdb::WriteStallCondition::kNormal) {
        stalled_families_.fetch_and(~bit);
      } else {
        stalled_families_.fetch_or(bit);
      }
    }
  }
}

base::Result<std::shared_ptr<Database>> Database::open(const Location& location,
                                                       const Options& options,
                                                       const std::shared_ptr<Listener>& listener,
                                                       std::uint64_t epoch) {
  // The constructor is private, so make_shared cannot be used.
  std::shared_ptr<Database> database(
      new Database(location, make_options(location, options, listener), listener, epoch));
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.reserve(kFamilies.size());
  for (const port::Family family : kFamilies) {
    families.emplace_back(name_of(family),
                          family_options(database->options_, family, database->hint_));
  }
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(database->options_, location.root + "/" + options.folder,
                                        families, &database->handles_, &db);
  if (!status.ok()) {
    return std::unexpected(to_error(status));
  }
  database->db_.reset(db);
  for (const port::Family family : kFamilies) {
    if (database->handle(family)->GetID() != static_cast<std::uint32_t>(family)) {
      return base::fail(base::ErrorCode::corruption, "engine: column families in another order");
    }
  }
  return database;
}

Database::~Database() { close(); }

base::Status Database::write(Batch& batch) {
  const std::scoped_lock lock(writing_);
  hint_->allow(!batch.removes_data_range());
  return to_status(db_->Write(write_options(), &batch.native()));
}

void Database::retire() {
  retired_ = true;
  for (Iterator* iterator : iterators_) {
    iterator->end();
  }
  iterators_.clear();
}

const rocksdb::Snapshot* Database::take_snapshot() {
  const rocksdb::Snapshot* snapshot = db_->GetSnapshot();
  const std::scoped_lock lock(snapshots_mutex_);
  snapshots_.push_back(snapshot);
  return snapshot;
}

void Database::release(const rocksdb::Snapshot* snapshot) {
  const std::scoped_lock lock(snapshots_mutex_);
  const auto found = std::ranges::find(snapshots_, snapshot);
  if (found != snapshots_.end()) {
    snapshots_.erase(found);
    db_->ReleaseSnapshot(snapshot);
  }
}

void Database::close() {
  const std::unique_lock use_lock(use_);
  const std::scoped_lock lock(snapshots_mutex_);
  if (db_ == nullptr) {
    return;
  }
  for (const rocksdb::Snapshot* snapshot : snapshots_) {
    db_->ReleaseSnapshot(snapshot);
  }
  snapshots_.clear();
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    // The handles belong to this object; destroying the last one of a live family cannot fail.
    std::ignore = db_->DestroyColumnFamilyHandle(handle);
  }
  handles_.clear();
  db_.reset();
}

}  // namespace ostraka::engine_rocksdb
