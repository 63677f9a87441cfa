// After a background error: resume if RocksDB can, else close and open again.
#include "engine_rocksdb/internal/engine.h"
#include "engine_rocksdb/internal/iterator.h"
#include "engine_rocksdb/internal/status.h"
#include "engine_rocksdb/internal/tables.h"

#include <utility>

namespace ostraka::engine_rocksdb {

namespace {

// Resumed is who can flush.
base::Status resume(Database& database) {
  OSTRAKA_TRY(to_status(database.db().Resume()));
  return flush_all(database);
}

}  // namespace

void RocksEngine::on_background_error() {
  if (health_ != Health::good) {
    error_again_ = true;
    return;
  }
  health_ = Health::resuming;
  try_resume();
}

void RocksEngine::retry_later() { retry_->arm(executor_.now() + options_.recovery_interval); }

void RocksEngine::try_resume() {
  error_again_ = false;
  auto outcome = std::make_shared<base::Status>();
  executor_.run_blocking(
      options_.lane,
      [database = database_, listener = listener_, outcome] {
        const Database::Use use(*database);
        // Before resuming, so that an error right after it is told.
        listener->rearm();
        *outcome = use ? resume(*database) : base::Status(ended());
      },
      [anchor = anchor_, outcome] {
        if (anchor->engine != nullptr) {
          anchor->engine->resumed(*outcome);
        }
      });
}

void RocksEngine::resumed(const base::Status& status) {
  if (status.has_value()) {
    if (error_again_) {
      try_resume();
    } else {
      health_ = Health::good;
    }
    return;
  }
  const base::ErrorCode code = status.error().code;
  if (code == base::ErrorCode::disk_full || code == base::ErrorCode::busy) {
    retry_later();  // everything is still in memory, and readable
    return;
  }
  begin_reopen();
}

void RocksEngine::begin_reopen() {
  health_ = Health::reopening;
  ++epoch_;
  database_->retire();
  database_.reset();
  try_reopen();
}

void RocksEngine::try_reopen() {
  auto outcome = std::make_shared<base::Status>();
  executor_.run_blocking(
      options_.lane,
      [shared = shared_, listener = listener_, location = location_, options = options_,
       epoch = epoch_, outcome] {
        const std::scoped_lock lock(shared->mutex);
        if (shared->closed) {
          return;
        }
        if (shared->current != nullptr) {
          shared->current->close();
          shared->current.reset();
        }
        listener->rearm();
        auto opened = Database::open(location, options, listener, epoch);
        if (opened.has_value()) {
          shared->current = *std::move(opened);
        } else {
          *outcome = std::unexpected(std::move(opened).error());
        }
      },
      [anchor = anchor_, outcome] {
        if (anchor->engine != nullptr) {
          anchor->engine->reopened(*outcome);
        }
      });
}

void RocksEngine::reopened(const base::Status& status) {
  if (!status.has_value()) {
    retry_later();
    return;
  }
  database_ = current();
  error_again_ = false;
  health_ = Health::good;
}

}  // namespace ostraka::engine_rocksdb
