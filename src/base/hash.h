// The one hash and checksum of the product: XXH3, 64 bits. Stable over platforms and versions, not
// cryptographic.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <memory>

namespace ostraka::base {

[[nodiscard]] std::uint64_t hash64(ByteView bytes, std::uint64_t seed = 0);

// The same hash of bytes that lie in pieces: reset(seed), update() per piece, digest(). Reusable;
// the state is allocated once.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  void reset(std::uint64_t seed);
  void update(ByteView bytes);
  [[nodiscard]] std::uint64_t digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ostraka::base
