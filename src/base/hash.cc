#include "base/hash.h"

#include "base/assert.h"

#include <xxhash.h>

namespace ostraka::base {

std::uint64_t hash64(ByteView bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

struct Hasher::State {
  State() : xxh3(XXH3_createState()) { OSTRAKA_ASSERT(xxh3 != nullptr, "out of memory"); }
  ~State() { XXH3_freeState(xxh3); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  XXH3_state_t* xxh3;
};

Hasher::Hasher() : state_(std::make_unique<State>()) { reset(0); }

Hasher::~Hasher() = default;

void Hasher::reset(std::uint64_t seed) { XXH3_64bits_reset_withSeed(state_->xxh3, seed); }

void Hasher::update(ByteView bytes) {
  XXH3_64bits_update(state_->xxh3, bytes.data(), bytes.size());
}

std::uint64_t Hasher::digest() const { return XXH3_64bits_digest(state_->xxh3); }

}  // namespace ostraka::base
