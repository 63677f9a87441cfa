// A seeded pseudo-random generator (xoshiro256**, Blackman and Vigna 2018; seeded by SplitMix64).
// The same seed gives the same sequence on every platform. There is no global generator: whoever
// needs randomness is given one at construction.
#pragma once

#include <cstdint>

namespace ostraka::base {

class Prng {
 public:
  explicit Prng(std::uint64_t seed);
  std::uint64_t next();
  // Uniform in [0, bound). Requires bound > 0. Unbiased.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [low, high]. Requires low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);
  // True with probability numerator/denominator.
  bool chance(std::uint64_t numerator, std::uint64_t denominator);
  // Uniform in [0, 1), 53 bits.
  double unit();
  // An independent generator whose seed is drawn from this one.
  Prng fork() { return Prng(next()); }

 private:
  std::uint64_t state_[4];
};

}  // namespace ostraka::base
