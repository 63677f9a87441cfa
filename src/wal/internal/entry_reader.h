// Reads the payloads of indexed entries back from their segments, verified one by one.
//
// Neighbours on disk are read in one call. Runs in a blocking job; touches only
// SegmentFile::reader.
#pragma once

#include "base/result.h"
#include "port/file_system.h"
#include "port/log_store.h"
#include "wal/internal/segment.h"
#include "wal/internal/shard_log.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ostraka::wal {

struct EntryToRead {
  IndexedEntry entry;
  std::shared_ptr<SegmentFile> file;
};

// Errors: io_error; corruption (names file and offset).
[[nodiscard]] base::Result<std::vector<port::LogEntry>> read_entries(
    port::FileSystem& files, std::uint64_t identity, const std::vector<EntryToRead>& wanted);

}  // namespace ostraka::wal
