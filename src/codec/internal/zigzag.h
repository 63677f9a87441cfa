// Signed integers as varints whose length follows the magnitude: 0, -1, 1, -2, … become 0, 1, 2, 3,
// …
#pragma once

#include <cstdint>

namespace ostraka::codec {

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : std::uint64_t{0});
}

[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ ((value & 1) != 0 ? ~std::uint64_t{0} : 0));
}

}  // namespace ostraka::codec
