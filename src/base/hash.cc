#include "base/hash.h"

#include <xxhash.h>

namespace ostraka::base {

std::uint64_t hash64(ByteView bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace ostraka::base
