#include "gateway/resp/internal/scan_cursor.h"

#include "base/assert.h"
#include "base/hash.h"

#include <algorithm>

namespace ostraka::gateway::resp {
namespace {

// Bit 63 stays 0 (some clients read a signed number). Bit 62: anchored.
// Direct:   bits 56-58 length 1-7, bits 0-55 the bytes, first byte highest.
// Anchored: bits 60-61 length - 1, bits 32-59 number, bits 0-31 the bytes, first byte highest.
constexpr std::uint64_t kAnchored = std::uint64_t{1} << 62U;
constexpr unsigned kDirectLengthShift = 56;
constexpr unsigned kTailLengthShift = 60;
constexpr unsigned kNumberShift = 32;
// Leaves room in the tail for a later separator that is one byte longer.
constexpr std::size_t kFreshTailBytes = 3;

std::uint64_t pack(base::ByteView bytes, std::size_t width) {
  std::uint64_t packed = 0;
  for (std::size_t i = 0; i < width; ++i) {
    packed = (packed << 8U) | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
  }
  return packed;
}

// Nothing when bytes beyond the length are set.
std::optional<std::string> unpack(std::uint64_t packed, std::size_t width, std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) {
    const auto byte = static_cast<unsigned char>((packed >> (8U * (width - 1 - i))) & 0xffU);
    if (i < length) {
      bytes.push_back(static_cast<char>(byte));
    } else if (byte != 0) {
      return std::nullopt;
    }
  }
  return bytes;
}

}  // namespace

base::ByteView separator_of(base::ByteView low, base::ByteView high) {
  OSTRAKA_ASSERT(low < high, "a separator lies between two keys");
  const std::size_t shorter = std::min(low.size(), high.size());
  std::size_t common = 0;
  while (common < shorter && low[common] == high[common]) {
    ++common;
  }
  return high.substr(0, common + 1);
}

std::uint64_t encode_direct(base::ByteView separator) {
  OSTRAKA_ASSERT(!separator.empty() && separator.size() <= kDirectBytesMax, "a short separator");
  return (static_cast<std::uint64_t>(separator.size()) << kDirectLengthShift) |
         pack(separator, kDirectBytesMax);
}

std::uint64_t encode_anchored(std::uint32_t anchor, base::ByteView tail) {
  OSTRAKA_ASSERT(!tail.empty() && tail.size() <= kTailBytesMax, "a short tail");
  OSTRAKA_ASSERT(anchor < kAnchorNumbers, "a number of an anchor");
  return kAnchored | (static_cast<std::uint64_t>(tail.size() - 1) << kTailLengthShift) |
         (static_cast<std::uint64_t>(anchor) << kNumberShift) | pack(tail, kTailBytesMax);
}

std::optional<DecodedCursor> decode_cursor(std::uint64_t cursor) {
  if ((cursor >> 63U) != 0) {
    return std::nullopt;
  }
  DecodedCursor decoded;
  std::optional<std::string> bytes;
  if ((cursor & kAnchored) != 0) {
    const std::size_t length = ((cursor >> kTailLengthShift) & 3U) + 1;
    bytes = unpack(cursor & 0xffff'ffffU, kTailBytesMax, length);
    decoded.anchor = static_cast<std::uint32_t>((cursor >> kNumberShift) & (kAnchorNumbers - 1));
  } else {
    const std::size_t length = cursor >> kDirectLengthShift;
    if (length > kDirectBytesMax || (length == 0 && cursor != 0)) {
      return std::nullopt;
    }
    bytes =
        unpack(cursor & ((std::uint64_t{1} << kDirectLengthShift) - 1), kDirectBytesMax, length);
  }
  if (!bytes) {
    return std::nullopt;
  }
  decoded.tail = std::move(*bytes);
  return decoded;
}

base::ByteView anchor_of(base::ByteView separator) {
  OSTRAKA_ASSERT(separator.size() > kDirectBytesMax, "a long separator");
  return separator.substr(0, separator.size() - kFreshTailBytes);
}

std::uint32_t anchor_number(base::ByteView anchor, std::uint32_t probe) {
  return static_cast<std::uint32_t>((base::hash64(anchor) + probe) % kAnchorNumbers);
}

}  // namespace ostraka::gateway::resp
