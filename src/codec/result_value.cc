#include "codec/result_value.h"

#include "codec/internal/zigzag.h"

namespace ostraka::codec {
namespace {

bool is_known_failure(std::uint8_t failure) {
  // A byte from outside may be no enumerator; the enumeration has a fixed type, so this is defined.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): see above
  switch (static_cast<Failure>(failure)) {
    case Failure::not_an_integer:
    case Failure::overflow:
    case Failure::no_such_key:
    case Failure::too_long:
    case Failure::offset_out_of_range:
    case Failure::same_object:
    case Failure::wrong_shard:
      return true;
  }
  return false;
}

// False when the kind is unknown.
bool read_value(base::Reader& in, std::uint8_t kind, ResultValue& value) {
  value = ResultValue{.kind = static_cast<ValueKind>(kind)};
  switch (value.kind) {
    case ValueKind::nil:
    case ValueKind::ok:
    case ValueKind::aborted:
      return true;
    case ValueKind::integer:
      value.integer = unzigzag(in.varint());
      return true;
    case ValueKind::bytes:
      value.bytes = in.bytes();
      return true;
    case ValueKind::array: {
      const std::uint64_t children = in.varint();
      if (children > in.remaining()) {
        return false;
      }
      value.integer = static_cast<std::int64_t>(children);
      return true;
    }
    case ValueKind::failure: {
      const std::uint8_t failure = in.u8();
      value.integer = failure;
      value.bytes = in.bytes();
      return is_known_failure(failure);
    }
  }
  return false;
}

}  // namespace

void ResultWriter::nil() { writer_.u8(static_cast<std::uint8_t>(ValueKind::nil)); }

void ResultWriter::ok() { writer_.u8(static_cast<std::uint8_t>(ValueKind::ok)); }

void ResultWriter::integer(std::int64_t value) {
  writer_.u8(static_cast<std::uint8_t>(ValueKind::integer));
  writer_.varint(zigzag(value));
}

void ResultWriter::bytes(base::ByteView value) {
  writer_.u8(static_cast<std::uint8_t>(ValueKind::bytes));
  writer_.bytes(value);
}

void ResultWriter::array(std::uint32_t children) {
  writer_.u8(static_cast<std::uint8_t>(ValueKind::array));
  writer_.varint(children);
}

void ResultWriter::failure(Failure failure, base::ByteView detail) {
  writer_.u8(static_cast<std::uint8_t>(ValueKind::failure));
  writer_.u8(static_cast<std::uint8_t>(failure));
  writer_.bytes(detail);
}

void ResultWriter::aborted() { writer_.u8(static_cast<std::uint8_t>(ValueKind::aborted)); }

base::Result<bool> ResultReader::next(ResultValue& value) {
  if (in_.finished()) {
    return false;
  }
  const std::uint8_t kind = in_.u8();
  if (!in_.ok() || !read_value(in_, kind, value) || !in_.ok()) {
    in_.mark_bad();
    return base::fail(base::ErrorCode::malformed, "result");
  }
  return true;
}

}  // namespace ostraka::codec
