#include "wal/internal/segment_reader.h"

#include "base/hash.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostraka::wal {
namespace {

using base::ErrorCode;

constexpr std::size_t kScanBytes = 256U << 10;

std::string place(const SegmentSource& source, std::uint64_t offset) {
  return fmt::format("{} at offset {}", source.path, offset);
}

// Reads exactly out.size() bytes; false when the file ends before.
base::Result<bool> read_all(const SegmentSource& source, std::uint64_t offset,
                            std::span<char> out) {
  OSTRAKA_ASSIGN(const std::size_t count, source.file.read_at(offset, out));
  return count == out.size();
}

// Decodes the records and verifies every payload.
base::Result<BatchState> decode(const SegmentSource& source, const StreamFormat& format,
                                std::uint64_t offset, LoadedBatch& batch) {
  const codec::BatchHeader& header = batch.header;
  const base::ByteView bytes = batch.bytes;
  const auto payload_bytes = static_cast<std::size_t>(header.payload_bytes);
  base::ByteView payloads = bytes.substr(codec::kBatchHeaderBytes, payload_bytes);
  const base::ByteView meta =
      bytes.substr(codec::kBatchHeaderBytes + payload_bytes, header.meta_bytes);
  if (base::hash64(meta, format.seed(header.position)) != header.meta_checksum) {
    return BatchState::torn;
  }
  codec::LogRecordReader reader(meta);
  codec::LogRecord record;
  batch.records.clear();
  while (true) {
    const base::Result<bool> more = reader.next(record);
    if (!more.has_value()) {
      return base::fail(more.error().code, place(source, offset));
    }
    if (!*more) {
      break;
    }
    for (const codec::LogRecordEntry& entry : record.entries) {
      if (entry.meta.payload_bytes > payloads.size() ||
          codec::payload_checksum(format.identity, entry.meta,
                                  payloads.substr(0, entry.meta.payload_bytes)) != entry.checksum) {
        return BatchState::torn;
      }
      payloads.remove_prefix(entry.meta.payload_bytes);
    }
    batch.records.push_back(record);
  }
  return payloads.empty() ? BatchState::valid : BatchState::torn;
}

}  // namespace

base::Result<BatchState> load_batch(const SegmentSource& source, const StreamFormat& format,
                                    std::uint64_t offset, LoadedBatch& batch) {
  batch.records.clear();
  batch.bytes.resize(codec::kBatchHeaderBytes);
  if (offset + codec::kLogSectorBytes > source.bytes) {
    return BatchState::none;
  }
  OSTRAKA_ASSIGN(const bool whole_header, read_all(source, offset, batch.bytes));
  if (!whole_header) {
    return BatchState::none;
  }
  const base::Result<codec::BatchHeader> header =
      codec::read_batch_header(batch.bytes, format.seeding());
  if (!header.has_value()) {
    if (header.error().code == ErrorCode::format_unknown) {
      return base::fail(ErrorCode::format_unknown, place(source, offset));
    }
    return BatchState::none;
  }
  batch.header = *header;
  if (header->identity != format.identity || header->stream != format.stream) {
    return base::fail(ErrorCode::identity_mismatch,
                      place(source, offset) + " belongs to another log");
  }
  if (header->kind != codec::BatchKind::batch) {
    return BatchState::none;
  }
  if (header->total_bytes() > source.bytes - offset) {
    return BatchState::beyond;
  }
  batch.bytes.resize(static_cast<std::size_t>(header->total_bytes()));
  OSTRAKA_ASSIGN(const bool whole, read_all(source, offset, batch.bytes));
  if (!whole) {
    return BatchState::beyond;
  }
  return decode(source, format, offset, batch);
}

void Evidence::take(const codec::BatchHeader& header) {
  durable_upto = std::max(durable_upto, header.durable_upto);
  generation_max = std::max(generation_max, header.position.generation);
}

base::Status scan_evidence(const SegmentSource& source, const StreamFormat& format,
                           std::uint64_t offset, Evidence& evidence) {
  std::string chunk;
  while (offset < source.bytes) {
    chunk.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(kScanBytes, source.bytes - offset)));
    OSTRAKA_ASSIGN(const std::size_t count, source.file.read_at(offset, chunk));
    if (count == 0) {
      break;
    }
    const base::ByteView view = base::ByteView(chunk).substr(0, count);
    for (std::size_t at = 0; at + codec::kBatchHeaderBytes <= view.size();
         at += codec::kLogSectorBytes) {
      const base::Result<codec::BatchHeader> header =
          codec::read_batch_header(view.substr(at), format.seeding());
      if (header.has_value() && header->kind == codec::BatchKind::batch &&
          header->identity == format.identity && header->stream == format.stream) {
        evidence.take(*header);
      }
    }
    offset += chunk.size();
  }
  return {};
}

}  // namespace ostraka::wal
