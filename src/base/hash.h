// The one hash and checksum of the product: XXH3, 64 bits. Stable over platforms and versions, not
// cryptographic.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace ostraka::base {

[[nodiscard]] std::uint64_t hash64(ByteView bytes, std::uint64_t seed = 0);

}  // namespace ostraka::base
