// A version: an opaque, totally ordered 96-bit value. The keyspace fixes what it means (a hybrid
// logical clock, or a dense revision in `high`); this module only compares and stores it.
#pragma once

#include "base/bytes.h"

#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

namespace ostraka::versioned {

struct Version {
  std::uint64_t high = 0;
  std::uint32_t low = 0;

  static constexpr Version min() { return {}; }
  static constexpr Version max() {
    return {.high = std::numeric_limits<std::uint64_t>::max(),
            .low = std::numeric_limits<std::uint32_t>::max()};
  }
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

inline constexpr std::size_t kVersionBytes = 12;

// Big-endian integers: bytewise order is numeric order.
inline void put_u32_be(char* at, std::uint32_t v) {
  const std::uint32_t swapped = std::endian::native == std::endian::little ? std::byteswap(v) : v;
  std::memcpy(at, &swapped, sizeof swapped);
}
inline void put_u64_be(char* at, std::uint64_t v) {
  const std::uint64_t swapped = std::endian::native == std::endian::little ? std::byteswap(v) : v;
  std::memcpy(at, &swapped, sizeof swapped);
}
[[nodiscard]] inline std::uint32_t get_u32_be(const char* at) {
  std::uint32_t v = 0;
  std::memcpy(&v, at, sizeof v);
  return std::endian::native == std::endian::little ? std::byteswap(v) : v;
}
[[nodiscard]] inline std::uint64_t get_u64_be(const char* at) {
  std::uint64_t v = 0;
  std::memcpy(&v, at, sizeof v);
  return std::endian::native == std::endian::little ? std::byteswap(v) : v;
}

// Appends 12 bytes whose bytewise order is the order of versions.
inline void append_version(std::string& out, Version version) {
  char raw[kVersionBytes];
  put_u64_be(raw, version.high);
  put_u32_be(raw + 8, version.low);
  out.append(raw, sizeof raw);
}
// Requires kVersionBytes at `at`.
[[nodiscard]] inline Version read_version(const char* at) {
  return {.high = get_u64_be(at), .low = get_u32_be(at + 8)};
}
// The version right behind this one. Requires version < Version::max().
[[nodiscard]] constexpr Version next(Version version) {
  ++version.low;
  version.high += version.low == 0 ? 1U : 0U;
  return version;
}
// Bitwise complement: the newest version comes first.
[[nodiscard]] constexpr Version inverted(Version version) {
  return {.high = ~version.high, .low = ~version.low};
}

}  // namespace ostraka::versioned
