// Stored values: a header {flags and type, version, deadline} and the user value.
//
//   byte 0      bits 0-3 type (fixed by the caller; 0 = string), bit 4 tombstone, bit 5 deadline
//               present, bit 6 version present, bit 7 zero
//   12 bytes    version, big-endian; only when present
//   8 bytes     deadline in milliseconds of log time, little-endian; only when present
//   rest        user value
//
// A record without version and deadline costs one byte. Encoding allocates only in the caller's
// string; decoding allocates nothing. Format: docs/formats/engine.md.
#pragma once

#include "base/assert.h"
#include "base/bytes.h"
#include "versioned/version.h"

#include <cstdint>
#include <string>

namespace ostraka::versioned {

struct RecordHeader {
  std::uint8_t type = 0;         // below 16
  bool tombstone = false;        // the key was deleted at `version`; history only
  Version version;               // zero = none
  std::int64_t deadline_ms = 0;  // zero = none

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

struct Record {
  RecordHeader header;
  base::ByteView value;  // inside the encoded record
};

namespace record_bits {
inline constexpr std::uint8_t kType = 0x0f;
inline constexpr std::uint8_t kTombstone = 0x10;
inline constexpr std::uint8_t kDeadline = 0x20;
inline constexpr std::uint8_t kVersion = 0x40;
inline constexpr std::uint8_t kUnknown = 0x80;
}  // namespace record_bits

// Appends the header alone; the caller appends the user value behind it.
inline void append_record_header(std::string& out, const RecordHeader& header) {
  OSTRAKA_ASSERT(header.type <= record_bits::kType, "record types are below 16");
  unsigned flags = header.type;
  flags |= header.tombstone ? record_bits::kTombstone : 0U;
  flags |= header.deadline_ms != 0 ? record_bits::kDeadline : 0U;
  flags |= header.version != Version{} ? record_bits::kVersion : 0U;
  out.push_back(static_cast<char>(flags));
  if (header.version != Version{}) {
    append_version(out, header.version);
  }
  if (header.deadline_ms != 0) {
    base::Writer(out).i64(header.deadline_ms);
  }
}

inline void append_record(std::string& out, const RecordHeader& header, base::ByteView value) {
  append_record_header(out, header);
  out.append(value);
}

// Errors: corruption (too short), format_unknown (a flag of a later version).
[[nodiscard]] inline base::Result<Record> decode_record(base::ByteView encoded) {
  base::Reader in(encoded);
  const unsigned flags = in.u8();
  if ((flags & record_bits::kUnknown) != 0) {
    return base::fail(base::ErrorCode::format_unknown, "record flags");
  }
  Record record;
  record.header.type = static_cast<std::uint8_t>(flags & record_bits::kType);
  record.header.tombstone = (flags & record_bits::kTombstone) != 0;
  if ((flags & record_bits::kVersion) != 0) {
    const base::ByteView raw = in.raw(kVersionBytes);
    if (raw.size() == kVersionBytes) {
      record.header.version = read_version(raw.data());
    }
  }
  if ((flags & record_bits::kDeadline) != 0) {
    record.header.deadline_ms = in.i64();
  }
  if (!in.ok()) {
    return base::fail(base::ErrorCode::corruption, "record is too short");
  }
  record.value = in.rest();
  return record;
}

}  // namespace ostraka::versioned
