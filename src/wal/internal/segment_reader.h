// Reads batches out of segment files that may hold anything.
//
// Nothing here trusts a length before it is checked against the file; nothing is taken for valid
// without its checksum. Threads: one at a time per file.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/log_record.h"
#include "port/file_system.h"
#include "wal/internal/segment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::wal {

enum class BatchState : std::uint8_t {
  valid,
  none,    // no header of this stream at this place
  torn,    // a valid header, its content is not
  beyond,  // a valid header, but the file ends before its content
};

// A batch in memory; used again for the next.
struct LoadedBatch {
  codec::BatchHeader header;
  std::string bytes;                      // the whole batch
  std::vector<codec::LogRecord> records;  // when valid
};

struct SegmentSource {
  port::File& file;
  std::string path;
  std::uint64_t bytes = 0;
};

// Reads the batch at `offset`. Errors: io_error; identity_mismatch (an intact header of another
// directory or stream); format_unknown (intact, of a later version).
[[nodiscard]] base::Result<BatchState> load_batch(const SegmentSource& source,
                                                  const StreamFormat& format, std::uint64_t offset,
                                                  LoadedBatch& batch);

// What intact headers claim, wherever they stand.
struct Evidence {
  codec::BatchPosition durable_upto;
  std::uint64_t generation_max = 0;

  void take(const codec::BatchHeader& header);
};

// Looks at every sector from `offset` to the end of the file.
[[nodiscard]] base::Status scan_evidence(const SegmentSource& source, const StreamFormat& format,
                                         std::uint64_t offset, Evidence& evidence);

}  // namespace ostraka::wal
