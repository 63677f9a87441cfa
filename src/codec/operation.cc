#include "codec/operation.h"

#include "base/assert.h"
#include "codec/internal/zigzag.h"

#include <limits>
#include <utility>

namespace ostraka::codec {
namespace {

constexpr std::uint8_t kFormatVersion = 1;
// Where the operation count begins; it takes one byte unless there are more than 127.
constexpr std::size_t kCountOffset = 1;
// code, fields, keyspace
constexpr std::size_t kOperationBytesMin = 3;

// Which fields follow; a field that is zero or empty is left out.
constexpr unsigned kHasKeyspace2 = 1;
constexpr unsigned kHasFlags = 2;
constexpr unsigned kHasNumber = 4;
constexpr unsigned kHasNumber2 = 8;
constexpr unsigned kHasDeadline = 16;
constexpr unsigned kHasKey = 32;
constexpr unsigned kHasKey2 = 64;
constexpr unsigned kHasValue = 128;

unsigned fields_of(const Operation& operation) {
  unsigned fields = 0;
  fields |= operation.keyspace2.is_none() ? 0 : kHasKeyspace2;
  fields |= operation.flags == 0 ? 0 : kHasFlags;
  fields |= operation.number == 0 ? 0 : kHasNumber;
  fields |= operation.number2 == 0 ? 0 : kHasNumber2;
  fields |= operation.deadline_ms == 0 ? 0 : kHasDeadline;
  fields |= operation.key.empty() ? 0 : kHasKey;
  fields |= operation.key2.empty() ? 0 : kHasKey2;
  fields |= operation.value.empty() ? 0 : kHasValue;
  return fields;
}

std::uint32_t read_u32(base::Reader& in) {
  const std::uint64_t value = in.varint();
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    in.mark_bad();
    return 0;
  }
  return static_cast<std::uint32_t>(value);
}

void read_fields(base::Reader& in, unsigned fields, Operation& operation) {
  operation = Operation{.code = operation.code, .keyspace = model::KeyspaceId(read_u32(in))};
  if ((fields & kHasKeyspace2) != 0) {
    operation.keyspace2 = model::KeyspaceId(read_u32(in));
  }
  if ((fields & kHasFlags) != 0) {
    operation.flags = read_u32(in);
  }
  if ((fields & kHasNumber) != 0) {
    operation.number = unzigzag(in.varint());
  }
  if ((fields & kHasNumber2) != 0) {
    operation.number2 = unzigzag(in.varint());
  }
  if ((fields & kHasDeadline) != 0) {
    operation.deadline_ms = unzigzag(in.varint());
  }
  if ((fields & kHasKey) != 0) {
    operation.key = in.bytes();
  }
  if ((fields & kHasKey2) != 0) {
    operation.key2 = in.bytes();
  }
  if ((fields & kHasValue) != 0) {
    operation.value = in.bytes();
  }
}

}  // namespace

bool is_known(std::uint8_t code) {
  // A byte from outside may be no enumerator; the enumeration has a fixed type, so this is defined.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): see above
  switch (static_cast<OpCode>(code)) {
    case OpCode::get:
    case OpCode::exists:
    case OpCode::string_length:
    case OpCode::get_range:
    case OpCode::deadline:
    case OpCode::key_version:
    case OpCode::scan:
    case OpCode::count:
    case OpCode::random_key:
    case OpCode::scan_reverse:
    case OpCode::log_time:
    case OpCode::set:
    case OpCode::remove:
    case OpCode::increment:
    case OpCode::append:
    case OpCode::set_range:
    case OpCode::get_remove:
    case OpCode::expire_at:
    case OpCode::persist:
    case OpCode::get_expire:
    case OpCode::rename:
    case OpCode::copy:
    case OpCode::flush_keyspace:
    case OpCode::check_version:
    case OpCode::set_if_absent_all:
    case OpCode::remove_expired:
    case OpCode::touch:
    case OpCode::set_for:
    case OpCode::expire_in:
    case OpCode::get_expire_in:
      return true;
  }
  return false;
}

void CommandBuilder::add(const Operation& operation) {
  OSTRAKA_ASSERT(is_known(static_cast<std::uint8_t>(operation.code)), "an operation that exists");
  base::Writer writer(body_);
  if (body_.empty()) {
    writer.u8(kFormatVersion);
    writer.u8(0);
  }
  const unsigned fields = fields_of(operation);
  writer.u8(static_cast<std::uint8_t>(operation.code));
  writer.u8(static_cast<std::uint8_t>(fields));
  writer.varint(operation.keyspace.value());
  if ((fields & kHasKeyspace2) != 0) {
    writer.varint(operation.keyspace2.value());
  }
  if ((fields & kHasFlags) != 0) {
    writer.varint(operation.flags);
  }
  if ((fields & kHasNumber) != 0) {
    writer.varint(zigzag(operation.number));
  }
  if ((fields & kHasNumber2) != 0) {
    writer.varint(zigzag(operation.number2));
  }
  if ((fields & kHasDeadline) != 0) {
    writer.varint(zigzag(operation.deadline_ms));
  }
  if ((fields & kHasKey) != 0) {
    writer.bytes(operation.key);
  }
  if ((fields & kHasKey2) != 0) {
    writer.bytes(operation.key2);
  }
  if ((fields & kHasValue) != 0) {
    writer.bytes(operation.value);
  }
  ++count_;
  read_only_ = read_only_ && is_read(operation.code);
}

std::string CommandBuilder::take() {
  if (body_.empty()) {
    base::Writer writer(body_);
    writer.u8(kFormatVersion);
    writer.u8(0);
  }
  if (count_ < 0x80) {
    body_[kCountOffset] = static_cast<char>(count_);
  } else {
    std::string count;
    base::Writer(count).varint(count_);
    body_.replace(kCountOffset, 1, count);
  }
  count_ = 0;
  read_only_ = true;
  return std::exchange(body_, {});
}

CommandReader::CommandReader(base::ByteView encoded) : in_(encoded) {
  const std::uint8_t version = in_.u8();
  version_known_ = !in_.ok() || version == kFormatVersion;
  if (version_known_) {
    count_ = read_u32(in_);
    if (count_ > in_.remaining() / kOperationBytesMin) {
      in_.mark_bad();
      count_ = 0;
    }
  }
}

base::Result<bool> CommandReader::next(Operation& operation) {
  if (!version_known_) {
    return base::fail(base::ErrorCode::format_unknown, "command: format version");
  }
  if (!in_.ok()) {
    return base::fail(base::ErrorCode::malformed, "command");
  }
  if (given_ == count_) {
    if (!in_.finished()) {
      return base::fail(base::ErrorCode::malformed, "command: bytes behind the last operation");
    }
    return false;
  }
  const std::uint8_t code = in_.u8();
  const unsigned fields = in_.u8();
  if (in_.ok() && !is_known(code)) {
    in_.mark_bad();
    version_known_ = false;
    return base::fail(base::ErrorCode::format_unknown, "command: operation code");
  }
  // A byte from outside may be no enumerator; the enumeration has a fixed type, so this is defined.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): see above
  operation.code = static_cast<OpCode>(code);
  read_fields(in_, fields, operation);
  // One encoding for one operation: a field that is announced is not zero or empty.
  if (!in_.ok() || fields_of(operation) != fields) {
    in_.mark_bad();
    return base::fail(base::ErrorCode::malformed, "command: operation");
  }
  ++given_;
  return true;
}

bool only_removes(base::ByteView command) {
  CommandReader reader(command);
  Operation operation;
  while (true) {
    const base::Result<bool> more = reader.next(operation);
    if (!more.has_value() || !*more) {
      return more.has_value();
    }
    const bool removal = operation.code == OpCode::remove || operation.code == OpCode::get_remove ||
                         operation.code == OpCode::flush_keyspace ||
                         operation.code == OpCode::remove_expired ||
                         operation.code == OpCode::check_version || operation.code == OpCode::touch;
    if (!removal && !is_read(operation.code)) {
      return false;
    }
  }
}

}  // namespace ostraka::codec
