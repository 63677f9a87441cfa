// Files of segments, as shared between the reactor and its jobs.
#pragma once

#include "codec/log_record.h"
#include "port/file_system.h"
#include "wal/wal.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

namespace ostraka::wal {

// What every checksum and header of a stream depends on.
struct StreamFormat {
  std::uint64_t identity = 0;
  std::uint32_t stream = 0;
  Mutant mutant = Mutant::none;

  [[nodiscard]] codec::Seeding seeding() const {
    return mutant == Mutant::no_generation ? codec::Seeding::none : codec::Seeding::by_generation;
  }
  [[nodiscard]] std::uint64_t seed(codec::BatchPosition position) const {
    return codec::batch_seed(identity, stream,
                             mutant == Mutant::no_generation ? 0 : position.generation,
                             position.number);
  }
};

// One file. Shared: jobs in flight hold it while the stream may already have let it go.
struct SegmentFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::unique_ptr<port::File> writer;  // the stream's writes only; null when only read
  std::unique_ptr<port::File> reader;  // used on the reading lane only; opened when first needed
  std::uint32_t readers = 0;           // reading jobs in flight; the reactor's
};

// A segment of the chain. The last one is written to.
struct Segment {
  std::shared_ptr<SegmentFile> file;
  std::uint64_t generation = 0;
  std::uint64_t previous_generation = 0;
  std::uint32_t previous_batches = 0;
  std::uint32_t batches = 0;
  std::uint64_t end = 0;  // where the next batch goes

  // Kept for hard states, floors and compaction when no other segment can be had.
  [[nodiscard]] std::uint64_t reserve() const {
    constexpr std::uint64_t kReserveMax = 64U << 10;
    return std::min(kReserveMax, file->bytes / 16);
  }
};

}  // namespace ostraka::wal
