// The write-ahead log's batches and records: values to bytes and back. Pure; the format is in
// docs/formats/wal.md.
//
// Readers take any bytes: they never read beyond the view and never allocate by an unchecked
// length.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::codec {

inline constexpr std::size_t kLogSectorBytes = 512;
inline constexpr std::size_t kBatchHeaderBytes = 128;
inline constexpr std::uint16_t kLogFormatVersion = 1;

// Where a batch is in its stream. Ordered as the batches are.
struct BatchPosition {
  std::uint64_t generation = 0;
  std::uint32_t number = 0;
  friend auto operator<=>(const BatchPosition&, const BatchPosition&) = default;
};

enum class BatchKind : std::uint8_t { batch = 0, spare = 1 };

struct BatchHeader {
  BatchKind kind = BatchKind::batch;
  std::uint32_t stream = 0;
  std::uint64_t identity = 0;
  BatchPosition position;
  std::uint32_t meta_bytes = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t previous_generation = 0;  // 0 = none
  std::uint32_t previous_batches = 0;
  std::uint32_t segment_sectors = 0;  // length of the segment's file
  BatchPosition durable_upto;         // generation 0 = nothing
  std::uint64_t floor = 0;
  std::uint64_t meta_checksum = 0;
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;

  // With header and padding: a multiple of the sector.
  [[nodiscard]] std::uint64_t total_bytes() const;
};

// Seed of every checksum of a batch. `generation` is 0 only for the planted bug that leaves it out.
[[nodiscard]] std::uint64_t batch_seed(std::uint64_t identity, std::uint32_t stream,
                                       std::uint64_t generation, std::uint32_t number);
[[nodiscard]] std::uint64_t payload_checksum(std::uint64_t identity,
                                             const protocol::EntryMeta& meta,
                                             base::ByteView payload);

// Replaces the first kBatchHeaderBytes of `out` (which has them).
void put_batch_header(const BatchHeader& header, std::uint64_t seed, std::string& out);

// Whether the generation takes part in seeds; false only for a planted bug.
enum class Seeding : std::uint8_t { by_generation, none };
// Errors: malformed (not a header, or damaged), format_unknown (intact, of a later version).
[[nodiscard]] base::Result<BatchHeader> read_batch_header(base::ByteView bytes,
                                                          Seeding seeding = Seeding::by_generation);

enum class LogRecordType : std::uint8_t { write = 1, reset = 2, compact = 3, copy = 4, state = 5 };

struct LogRecordEntry {
  protocol::EntryMeta meta;
  std::uint64_t checksum = 0;  // of the payload
  friend bool operator==(const LogRecordEntry&, const LogRecordEntry&) = default;
};

// One record. Which fields count depends on the type.
struct LogRecord {
  LogRecordType type = LogRecordType::write;
  model::ShardId shard;
  std::optional<model::LogIndex> truncate_from;   // write
  std::optional<protocol::HardState> hard_state;  // write (may be), reset, state
  model::LogIndex start;                          // reset, compact, state
  model::Term start_term;                         // reset, compact, state
  std::vector<LogRecordEntry> entries;            // write, copy
  friend bool operator==(const LogRecord&, const LogRecord&) = default;
};

void put_log_record(const LogRecord& record, std::string& out);

// An upper bound of the encoded size, payloads not counted.
[[nodiscard]] std::size_t log_record_bytes_max(std::size_t entries);

// Walks a meta block.
class LogRecordReader {
 public:
  explicit LogRecordReader(base::ByteView meta) : in_(meta) {}
  // The next record into `record` (its capacity is used again); false at the end. Errors:
  // malformed, format_unknown (a type of a later version).
  [[nodiscard]] base::Result<bool> next(LogRecord& record);

 private:
  void read_entries(LogRecord& record);
  base::Reader in_;
};

}  // namespace ostraka::codec
