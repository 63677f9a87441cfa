#include "base/bytes.h"

#include "base/assert.h"

namespace ostraka::base {

Buffer Buffer::take(std::string bytes) {
  Buffer buffer;
  if (bytes.empty()) {
    return buffer;
  }
  buffer.block_ = std::make_shared<const std::string>(std::move(bytes));
  buffer.view_ = *buffer.block_;
  return buffer;
}

Buffer Buffer::slice(std::size_t offset, std::size_t length) const {
  OSTRAKA_ASSERT(offset <= view_.size() && length <= view_.size() - offset, "slice outside buffer");
  Buffer part;
  if (length == 0) {
    return part;
  }
  part.block_ = block_;
  part.view_ = view_.substr(offset, length);
  return part;
}

void Writer::varint(std::uint64_t v) {
  while (v >= 0x80) {
    u8(static_cast<std::uint8_t>(v | 0x80));
    v >>= 7;
  }
  u8(static_cast<std::uint8_t>(v));
}

std::uint64_t Reader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok_) {
      return 0;
    }
    if (shift == 63 && byte > 1) {
      mark_bad();
      return 0;
    }
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  mark_bad();
  return 0;
}

ByteView Reader::raw(std::size_t count) {
  if (count > in_.size()) {
    mark_bad();
    return {};
  }
  const ByteView taken = in_.substr(0, count);
  in_.remove_prefix(count);
  return taken;
}

ByteView Reader::bytes() {
  const std::uint64_t count = varint();
  if (!ok_ || count > in_.size()) {
    mark_bad();
    return {};
  }
  return raw(static_cast<std::size_t>(count));
}

}  // namespace ostraka::base
