// Start-up: what a stream's files hold, or why they cannot be trusted. docs/formats/wal.md,
// "Recovery".
//
// Reads only, but for files that were never finished, which it removes; the caller syncs and
// prepares for writing. Blocking. Threads: one.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "port/file_system.h"
#include "wal/internal/segment.h"
#include "wal/internal/shard_log.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::wal {

struct FreeFile {
  std::string path;
  std::uint64_t bytes = 0;
};

struct RecoveredStream {
  std::vector<Segment> chain;  // oldest first; files have a reader and no writer
  std::vector<FreeFile> free;  // hold nothing that counts
  std::map<model::ShardId, ShardLog> shards;
  std::unique_ptr<LiveTable> live = std::make_unique<LiveTable>();  // shards point into it
  std::uint64_t last_batch = 0;  // offset of the last batch in the last segment
  std::uint64_t next_generation = 1;
  std::uint64_t next_file_number = 1;
  bool sealed = true;  // the last batch holds nothing
};

// Behind the name of a segment file until it has its full size, durably.
inline constexpr std::string_view kUnfinishedSuffix = ".new";

// Name of a segment file in its folder.
[[nodiscard]] std::string segment_name(std::uint64_t number);

// `folder` exists. Errors: corruption (file and offset), identity_mismatch, format_unknown,
// io_error.
[[nodiscard]] base::Result<RecoveredStream> recover_stream(port::FileSystem& files,
                                                           const std::string& folder,
                                                           const StreamFormat& format);

// Applies one record to the index. Payloads lie from `payload_offset` on in segment `generation`;
// it moves past those of this record.
void apply_record(const codec::LogRecord& record, std::uint64_t generation,
                  std::uint64_t& payload_offset, ShardLog& shard);

}  // namespace ostraka::wal
