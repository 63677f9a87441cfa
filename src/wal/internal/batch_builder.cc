#include "wal/internal/batch_builder.h"

#include "base/assert.h"
#include "base/hash.h"

namespace ostraka::wal {
namespace {

constexpr std::size_t kCopyBelowBytes = 4096;

}  // namespace

void BatchBuilder::start() {
  bytes_.assign(codec::kBatchHeaderBytes, '\0');
  meta_.clear();
  large_.clear();
  payload_bytes_ = 0;
  pieces_.clear();
}

void BatchBuilder::add(const StreamFormat& format, codec::LogRecord& record,
                       std::span<const port::LogEntry> entries) {
  record.entries.clear();
  for (const port::LogEntry& entry : entries) {
    const base::ByteView payload = entry.payload.view();
    OSTRAKA_ASSERT(entry.meta.payload_bytes == payload.size(), "an entry knows its payload's size");
    record.entries.push_back(
        {entry.meta, codec::payload_checksum(format.identity, entry.meta, payload)});
    if (payload.size() < kCopyBelowBytes) {
      bytes_.append(payload);
    } else {
      large_.push_back({bytes_.size(), entry.payload});
    }
    payload_bytes_ += payload.size();
  }
  add(record);
}

void BatchBuilder::add(const codec::LogRecord& record) { codec::put_log_record(record, meta_); }

std::uint64_t BatchBuilder::bytes() const {
  return codec::kBatchHeaderBytes + payload_bytes_ + meta_.size() + codec::kLogSectorBytes;
}

std::uint64_t BatchBuilder::finish(const StreamFormat& format, codec::BatchHeader& header) {
  OSTRAKA_ASSERT(meta_.size() <= UINT32_MAX, "a meta block has 32 bits of length");
  header.meta_bytes = static_cast<std::uint32_t>(meta_.size());
  header.payload_bytes = payload_bytes_;
  const std::uint64_t seed = format.seed(header.position);
  header.meta_checksum = base::hash64(meta_, seed);
  const std::uint64_t total = header.total_bytes();
  const std::uint64_t content = codec::kBatchHeaderBytes + payload_bytes_ + meta_.size();
  bytes_.append(meta_);
  bytes_.append(static_cast<std::size_t>(total - content), '\0');
  codec::put_batch_header(header, seed, bytes_);
  // Only now does bytes_ stand still.
  std::size_t from = 0;
  for (const Large& large : large_) {
    if (large.after > from) {
      pieces_.push_back(base::ByteView(bytes_).substr(from, large.after - from));
      from = large.after;
    }
    pieces_.push_back(large.payload.view());
  }
  pieces_.push_back(base::ByteView(bytes_).substr(from));
  return total;
}

}  // namespace ostraka::wal
