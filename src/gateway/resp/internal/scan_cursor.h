// SCAN's cursor: 64 bits that name a position in the order of keys.
//
// A position is a separator: the shortest byte string that is greater than every key already given
// and not greater than the next one (as in the inner pages of a prefix B-tree: Bayer and
// Unterauer, 1977). A separator of up to seven bytes is the cursor itself. A longer one is
// anchor + tail: the tail of up to four bytes is in the cursor, the anchor's bytes are stored under
// a number (in a keyspace of their own, through the log, so that every node can resolve it); many
// cursors share one anchor, so hardly any page costs a write. Either way the position does not
// depend on the node, on other keys or on time. Cursor 0 is the beginning.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::gateway::resp {

inline constexpr std::size_t kDirectBytesMax = 7;
inline constexpr std::size_t kTailBytesMax = 4;
inline constexpr std::uint32_t kAnchorNumbers = std::uint32_t{1} << 28U;

// Requires low < high. The shortest prefix of `high` that is greater than `low`.
[[nodiscard]] base::ByteView separator_of(base::ByteView low, base::ByteView high);

struct DecodedCursor {
  std::optional<std::uint32_t> anchor;  // whose bytes come first
  std::string tail;                     // the whole separator when there is no anchor
};

// A separator of 1 to kDirectBytesMax bytes.
[[nodiscard]] std::uint64_t encode_direct(base::ByteView separator);
// A tail of 1 to kTailBytesMax bytes behind the anchor.
[[nodiscard]] std::uint64_t encode_anchored(std::uint32_t anchor, base::ByteView tail);
// Nothing for numbers that no node hands out.
[[nodiscard]] std::optional<DecodedCursor> decode_cursor(std::uint64_t cursor);

// The anchor that a long separator should get: its bytes but the last few.
[[nodiscard]] base::ByteView anchor_of(base::ByteView separator);
// The number an anchor is tried under first; `probe` counts collisions.
[[nodiscard]] std::uint32_t anchor_number(base::ByteView anchor, std::uint32_t probe);

}  // namespace ostraka::gateway::resp
