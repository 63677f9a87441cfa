// Few files to look at when there are many reads and few writes.
//
// Level 0 is merged late (db_options.cc), which halves what a load costs, and each of its files may
// have to be asked by a read. When a load has gone, nothing would ever merge what it left. So
// an engine that takes few writes is told to merge at two files, and to wait again when they come.
#include "engine_rocksdb/internal/db_options.h"
#include "engine_rocksdb/internal/engine.h"

#include <string>
#include <tuple>

namespace ostraka::engine_rocksdb {
namespace {

// In one `rest_interval`. Below it even merging at two files costs a few per cent of a core.
constexpr std::size_t kRestingBytesMax = std::size_t{512} << 10;

}  // namespace

void RocksEngine::watch_writes(std::size_t bytes) {
  written_bytes_ += bytes;
  if (!watching_) {
    watching_ = true;
    rest_->arm(executor_.now() + options_.rest_interval);
  }
}

void RocksEngine::look_at_writes() {
  const bool resting = written_bytes_ <= kRestingBytesMax;
  // Also when nothing follows a load. An engine at rest is looked at again after its next write.
  watching_ = !resting;
  if (watching_) {
    rest_->arm(executor_.now() + options_.rest_interval);
  }
  written_bytes_ = 0;
  if (resting == resting_ || health_ != Health::good || !location_.compactions) {
    return;
  }
  resting_ = resting;
  executor_.run_blocking(
      options_.lane,
      [database = database_, files = resting ? kLevel0FilesResting : kLevel0Files] {
        const Database::Use use(*database);
        if (use) {
          // Only speed depends on it: when it fails, it is as it was before.
          std::ignore = database->db().SetOptions(
              database->handle(port::Family::data),
              {{"level0_file_num_compaction_trigger", std::to_string(files)}});
        }
      },
      [] {});
}

}  // namespace ostraka::engine_rocksdb
