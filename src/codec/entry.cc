#include "codec/entry.h"

#include "base/assert.h"

#include <cstring>

namespace ostraka::codec {
namespace {

bool is_known_type(std::uint8_t type) {
  // A byte from outside may be no enumerator; the enumeration has a fixed type, so this is defined.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): see above
  switch (static_cast<EntryType>(type)) {
    case EntryType::commands:
    case EntryType::register_session:
    case EntryType::advance_time:
    case EntryType::state_hash:
      return true;
  }
  return false;
}

}  // namespace

EntryBuilder::EntryBuilder(std::string& out) : out_(out) {}

void EntryBuilder::begin(const EntryHeader& header) {
  base::Writer writer(out_);
  writer.u8(kEntryFormatVersion);
  writer.u8(static_cast<std::uint8_t>(header.type));
  writer.u8(header.semantics_version);
  writer.varint(header.session.value());
  writer.varint(header.first_serial.value());
  writer.varint(header.acknowledged.value());
  writer.i64(header.log_time.as_milliseconds());
  count_offset_ = out_.size();
  writer.u32(0);
  count_ = 0;
}

void EntryBuilder::add_command(base::ByteView encoded_command) {
  OSTRAKA_ASSERT(count_offset_ != 0, "begin() comes first");
  base::Writer(out_).bytes(encoded_command);
  ++count_;
}

void EntryBuilder::finish() {
  OSTRAKA_ASSERT(count_offset_ != 0, "begin() comes first");
  std::string count;
  base::Writer(count).u32(count_);
  std::memcpy(out_.data() + count_offset_, count.data(), count.size());
  count_offset_ = 0;
}

base::Result<EntryHeader> EntryReader::header() {
  const std::uint8_t version = in_.u8();
  const std::uint8_t type = in_.u8();
  const std::uint8_t semantics = in_.u8();
  if (!in_.ok()) {
    return base::fail(base::ErrorCode::malformed, "log entry: too short");
  }
  if (version != kEntryFormatVersion || !is_known_type(type) || semantics != kSemanticsVersion) {
    in_.mark_bad();
    return base::fail(base::ErrorCode::format_unknown, "log entry: format, type or semantics");
  }
  EntryHeader header;
  header.type = static_cast<EntryType>(type);
  header.semantics_version = semantics;
  header.session = model::SessionId(in_.varint());
  header.first_serial = model::Serial(in_.varint());
  header.acknowledged = model::Serial(in_.varint());
  header.log_time = base::WallTime::from_milliseconds(in_.i64());
  header.command_count = in_.u32();
  const bool carries_commands = header.type == EntryType::commands;
  // Each command takes at least one byte for its length.
  if (!in_.ok() || header.command_count > in_.remaining() ||
      (!carries_commands && header.command_count != 0)) {
    in_.mark_bad();
    return base::fail(base::ErrorCode::malformed, "log entry: header");
  }
  count_ = header.command_count;
  return header;
}

base::Result<bool> EntryReader::next(base::ByteView& encoded_command) {
  if (!in_.ok()) {
    return base::fail(base::ErrorCode::malformed, "log entry");
  }
  if (given_ == count_) {
    if (!in_.finished()) {
      return base::fail(base::ErrorCode::malformed, "log entry: bytes behind the last command");
    }
    return false;
  }
  encoded_command = in_.bytes();
  if (!in_.ok()) {
    return base::fail(base::ErrorCode::malformed, "log entry: command");
  }
  ++given_;
  return true;
}

}  // namespace ostraka::codec
