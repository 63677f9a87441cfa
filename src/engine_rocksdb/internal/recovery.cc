// After a background error: wait until the disk takes writes, then close and open again.
//
// RocksDB's own Resume() is not used: in 7.8.3 with atomic flush it can wait for ever for a flush
// that nobody runs, and a Flush() after it can answer OK before it is done (docs/formats/engine.md;
// both were seen in tests/engine_contract). A fresh database has no such history, and what was not
// flushed lies in the replicated log.
#include "engine_rocksdb/internal/engine.h"
#include "engine_rocksdb/internal/iterator.h"
#include "engine_rocksdb/internal/status.h"

#include <rocksdb/env.h>

#include <string>
#include <utility>

namespace ostraka::engine_rocksdb {
namespace {

// Writes and syncs a file of some size, so that a reopen does not start on a disk that is still
// full.
base::Status probe(const Location& location, const std::string& folder) {
  constexpr std::size_t kProbeBytes = std::size_t{1} << 20;
  const std::string path = location.root + "/" + folder + "/probe.tmp";
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = location.env->NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) {
    status = file->Append(std::string(kProbeBytes, '\0'));
  }
  if (status.ok()) {
    status = file->Sync();
  }
  if (file != nullptr) {
    // The verdict is there already.
    std::ignore = file->Close();
    std::ignore = location.env->DeleteFile(path);
  }
  return to_status(status);
}

}  // namespace

void RocksEngine::on_background_error(const base::Error& error) {
  if (health_ == Health::good) {
    health_ = Health::failing;
    failure_ = error;
    try_probe();
  }
}

void RocksEngine::retry_later() { retry_->arm(executor_.now() + options_.recovery_interval); }

void RocksEngine::try_probe() {
  auto outcome = std::make_shared<base::Status>();
  executor_.run_blocking(
      options_.lane,
      [location = location_, folder = options_.folder, outcome] {
        *outcome = probe(location, folder);
      },
      [anchor = anchor_, outcome] {
        if (anchor->engine != nullptr) {
          anchor->engine->probed(*outcome);
        }
      });
}

void RocksEngine::probed(const base::Status& status) {
  if (!status.has_value()) {
    failure_ = status.error();
    retry_later();
    return;
  }
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
    failure_ = status.error();
    retry_later();
    return;
  }
  database_ = current();
  resting_ = false;
  health_ = Health::good;
}

}  // namespace ostraka::engine_rocksdb
