// Puts records and payloads together to one batch: the pieces of one vectored write.
//
// Small payloads are copied next to each other, large ones are written from where they are. All
// buffers are used again. Threads: the reactor builds; the job only reads pieces().
#pragma once

#include "base/bytes.h"
#include "codec/log_record.h"
#include "port/log_store.h"
#include "wal/internal/segment.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ostraka::wal {

class BatchBuilder {
 public:
  void start();
  // `record.entries` get metas and checksums of `entries`, in order; payloads are appended.
  void add(const StreamFormat& format, codec::LogRecord& record,
           std::span<const port::LogEntry> entries);
  void add(const codec::LogRecord& record);
  // Where the payload of the next entry will be, counted from the start of the batch.
  [[nodiscard]] std::uint64_t payload_offset() const {
    return codec::kBatchHeaderBytes + payload_bytes_;
  }
  // An upper bound of the batch so far, padding included.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] bool has_records() const { return !meta_.empty(); }
  // Completes sizes and checksums of `header`; returns the length of the batch.
  std::uint64_t finish(const StreamFormat& format, codec::BatchHeader& header);
  [[nodiscard]] std::span<const base::ByteView> pieces() const { return pieces_; }
  // Lets the payloads go.
  void release() { large_.clear(); }

 private:
  struct Large {
    std::size_t after;  // bytes of `bytes_` in front of it
    base::Buffer payload;
  };
  std::string bytes_;  // header, small payloads, meta block, padding
  std::string meta_;
  std::vector<Large> large_;
  std::uint64_t payload_bytes_ = 0;
  std::vector<base::ByteView> pieces_;
};

}  // namespace ostraka::wal
