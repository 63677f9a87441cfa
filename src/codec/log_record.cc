#include "codec/log_record.h"

#include "base/assert.h"
#include "base/hash.h"

#include <array>
#include <cstring>

namespace ostraka::codec {
namespace {

constexpr std::uint64_t kMagic = 0x4c41574b'5254534fULL;  // "OSTRKWAL"
constexpr std::size_t kChecksummedBytes = 96;
// index, term, kind, length, checksum at their shortest
constexpr std::size_t kEntryBytesMin = 1 + 1 + 1 + 1 + 8;
constexpr std::size_t kEntryBytesMax = 10 + 10 + 1 + 5 + 8;
constexpr std::size_t kRecordBytesMax = 128;

constexpr std::uint8_t kHasTruncation = 1;
constexpr std::uint8_t kHasHardState = 2;

std::uint64_t seed_of(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint32_t d) {
  std::array<char, 28> raw;
  std::memcpy(raw.data(), &a, 8);
  std::memcpy(raw.data() + 8, &b, 8);
  std::memcpy(raw.data() + 16, &c, 8);
  std::memcpy(raw.data() + 24, &d, 4);
  return base::hash64({raw.data(), raw.size()});
}

void put_hard_state(const protocol::HardState& state, base::Writer& out) {
  out.varint(state.term.value());
  out.varint(state.vote.value());
  out.varint(state.second_term.value());
}

protocol::HardState read_hard_state(base::Reader& in) {
  protocol::HardState state;
  state.term = model::Term{in.varint()};
  const std::uint64_t vote = in.varint();
  if (vote > UINT32_MAX) {
    in.mark_bad();
  }
  state.vote = model::NodeId{static_cast<std::uint32_t>(vote)};
  state.second_term = model::Term{in.varint()};
  return state;
}

void put_start(const LogRecord& record, base::Writer& out) {
  out.varint(record.start.value());
  out.varint(record.start_term.value());
}

void put_entries(const LogRecord& record, base::Writer& out) {
  out.varint(record.entries.size());
  for (const LogRecordEntry& entry : record.entries) {
    out.varint(entry.meta.index.value());
    out.varint(entry.meta.term.value());
    out.u8(static_cast<std::uint8_t>(entry.meta.kind));
    out.varint(entry.meta.payload_bytes);
    out.u64(entry.checksum);
  }
}

}  // namespace

std::uint64_t BatchHeader::total_bytes() const {
  const std::uint64_t bytes = kBatchHeaderBytes + meta_bytes + payload_bytes;
  return (bytes + kLogSectorBytes - 1) / kLogSectorBytes * kLogSectorBytes;
}

std::uint64_t batch_seed(std::uint64_t identity, std::uint32_t stream, std::uint64_t generation,
                         std::uint32_t number) {
  return seed_of(identity, generation, number, stream);
}

std::uint64_t payload_checksum(std::uint64_t identity, const protocol::EntryMeta& meta,
                               base::ByteView payload) {
  const std::uint64_t seed = seed_of(identity, meta.term.value(), meta.index.value(),
                                     static_cast<std::uint32_t>(meta.kind));
  return base::hash64(payload, seed);
}

void put_batch_header(const BatchHeader& header, std::uint64_t seed, std::string& out) {
  std::string bytes;
  bytes.reserve(kBatchHeaderBytes);
  base::Writer w(bytes);
  w.u64(kMagic);
  w.u16(kLogFormatVersion);
  w.u8(static_cast<std::uint8_t>(header.kind));
  w.u8(0);
  w.u32(header.stream);
  w.u64(header.identity);
  w.u64(header.position.generation);
  w.u32(header.position.number);
  w.u32(header.meta_bytes);
  w.u64(header.payload_bytes);
  w.u64(header.previous_generation);
  w.u32(header.previous_batches);
  w.u32(header.segment_sectors);
  w.u64(header.durable_upto.generation);
  w.u32(header.durable_upto.number);
  w.u32(0);
  w.u64(header.floor);
  w.u64(header.meta_checksum);
  OSTRAKA_ASSERT(bytes.size() == kChecksummedBytes, "the header has a fixed layout");
  w.u64(base::hash64(bytes, seed));
  bytes.resize(kBatchHeaderBytes, '\0');
  OSTRAKA_ASSERT(out.size() >= kBatchHeaderBytes, "room for the header");
  out.replace(0, kBatchHeaderBytes, bytes);
}

base::Result<BatchHeader> read_batch_header(base::ByteView bytes, Seeding seeding) {
  if (bytes.size() < kBatchHeaderBytes) {
    return base::fail(base::ErrorCode::malformed);
  }
  base::Reader in(bytes.substr(0, kBatchHeaderBytes));
  if (in.u64() != kMagic) {
    return base::fail(base::ErrorCode::malformed);
  }
  const std::uint16_t version = in.u16();
  const std::uint8_t kind = in.u8();
  in.u8();
  BatchHeader header;
  header.kind = static_cast<BatchKind>(kind);
  header.stream = in.u32();
  header.identity = in.u64();
  header.position.generation = in.u64();
  header.position.number = in.u32();
  header.meta_bytes = in.u32();
  header.payload_bytes = in.u64();
  header.previous_generation = in.u64();
  header.previous_batches = in.u32();
  header.segment_sectors = in.u32();
  header.durable_upto.generation = in.u64();
  header.durable_upto.number = in.u32();
  in.u32();
  header.floor = in.u64();
  header.meta_checksum = in.u64();
  const std::uint64_t seed =
      batch_seed(header.identity, header.stream,
                 seeding == Seeding::none ? 0 : header.position.generation, header.position.number);
  if (in.u64() != base::hash64(bytes.substr(0, kChecksummedBytes), seed)) {
    return base::fail(base::ErrorCode::malformed);
  }
  if (version != kLogFormatVersion || kind > static_cast<std::uint8_t>(BatchKind::spare)) {
    return base::fail(base::ErrorCode::format_unknown);
  }
  // Far beyond any segment; keeps sums of sizes from wrapping.
  constexpr std::uint64_t kPayloadMax = 1ULL << 48;
  if (header.payload_bytes > kPayloadMax) {
    return base::fail(base::ErrorCode::malformed);
  }
  return header;
}

void put_log_record(const LogRecord& record, std::string& out) {
  base::Writer w(out);
  w.u8(static_cast<std::uint8_t>(record.type));
  w.varint(record.shard.value());
  switch (record.type) {
    case LogRecordType::write: {
      const bool truncates = record.truncate_from.has_value();
      const bool votes = record.hard_state.has_value();
      w.u8(static_cast<std::uint8_t>((truncates ? kHasTruncation : 0) |
                                     (votes ? kHasHardState : 0)));
      if (truncates) {
        w.varint(record.truncate_from->value());
      }
      if (votes) {
        put_hard_state(*record.hard_state, w);
      }
      put_entries(record, w);
      break;
    }
    case LogRecordType::reset:
    case LogRecordType::state:
      put_start(record, w);
      put_hard_state(record.hard_state.value_or(protocol::HardState{}), w);
      break;
    case LogRecordType::compact:
      put_start(record, w);
      break;
    case LogRecordType::copy:
      put_entries(record, w);
      break;
  }
}

std::size_t log_record_bytes_max(std::size_t entries) {
  return kRecordBytesMax + entries * kEntryBytesMax;
}

void LogRecordReader::read_entries(LogRecord& record) {
  const std::uint64_t count = in_.varint();
  if (count > in_.remaining() / kEntryBytesMin) {
    in_.mark_bad();
    return;
  }
  record.entries.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
    LogRecordEntry entry;
    entry.meta.index = model::LogIndex{in_.varint()};
    entry.meta.term = model::Term{in_.varint()};
    const std::uint8_t kind = in_.u8();
    const std::uint64_t bytes = in_.varint();
    entry.checksum = in_.u64();
    if (kind > static_cast<std::uint8_t>(protocol::EntryKind::configuration) ||
        bytes > UINT32_MAX || entry.meta.index.is_none()) {
      in_.mark_bad();
      return;
    }
    entry.meta.kind = static_cast<protocol::EntryKind>(kind);
    entry.meta.payload_bytes = static_cast<std::uint32_t>(bytes);
    record.entries.push_back(entry);
  }
}

base::Result<bool> LogRecordReader::next(LogRecord& record) {
  if (in_.finished()) {
    return false;
  }
  record.truncate_from.reset();
  record.hard_state.reset();
  record.start = {};
  record.start_term = {};
  record.entries.clear();
  const std::uint8_t type = in_.u8();
  record.shard = model::ShardId{in_.varint()};
  if (!in_.ok()) {
    return base::fail(base::ErrorCode::malformed, "log record");
  }
  if (type < static_cast<std::uint8_t>(LogRecordType::write) ||
      type > static_cast<std::uint8_t>(LogRecordType::state)) {
    return base::fail(base::ErrorCode::format_unknown, "log record type");
  }
  record.type = static_cast<LogRecordType>(type);
  if (record.type == LogRecordType::write) {
    const std::uint8_t flags = in_.u8();
    if (flags > (kHasTruncation | kHasHardState)) {
      in_.mark_bad();
    }
    if ((flags & kHasTruncation) != 0) {
      record.truncate_from = model::LogIndex{in_.varint()};
    }
    if ((flags & kHasHardState) != 0) {
      record.hard_state = read_hard_state(in_);
    }
    read_entries(record);
  } else if (record.type == LogRecordType::copy) {
    read_entries(record);
  } else {
    record.start = model::LogIndex{in_.varint()};
    record.start_term = model::Term{in_.varint()};
    if (record.type != LogRecordType::compact) {
      record.hard_state = read_hard_state(in_);
    }
  }
  if (!in_.ok()) {
    return base::fail(base::ErrorCode::malformed, "log record");
  }
  return true;
}

}  // namespace ostraka::codec
