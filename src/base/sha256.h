// SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104): the proof that a peer knows the secret. For
// short inputs; not tuned for throughput.
//
// Threads: values; no sharing.
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace ostraka::base {

using Digest256 = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  void update(ByteView bytes);
  // Ends the computation; the object is not used again.
  [[nodiscard]] Digest256 finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_ = {};
  std::size_t used_ = 0;  // bytes of block_
  std::uint64_t total_ = 0;
};

[[nodiscard]] Digest256 sha256(ByteView bytes);

// Over the concatenation of `pieces`.
[[nodiscard]] Digest256 hmac_sha256(ByteView key, std::initializer_list<ByteView> pieces);

// The bytes of a digest.
[[nodiscard]] inline ByteView as_bytes(const Digest256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Compares without a timing that depends on where the difference lies.
[[nodiscard]] bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace ostraka::base
