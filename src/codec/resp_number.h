// Integers as Redis reads them, and bounds-checked arithmetic on them.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>

namespace ostraka::codec {

// A decimal integer of 64 bits in its one spelling: no sign but '-', no leading zero, no space,
// nothing behind it. Anything else, and anything out of range: nothing.
[[nodiscard]] std::optional<std::int64_t> parse_resp_integer(base::ByteView text);
// The same for 64 bits without sign.
[[nodiscard]] std::optional<std::uint64_t> parse_resp_unsigned(base::ByteView text);

}  // namespace ostraka::codec
