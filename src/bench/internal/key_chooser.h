// Which key comes next.
#pragma once

#include "base/prng.h"
#include "bench/load.h"

#include <cstdint>

namespace ostraka::bench::internal {

class KeyChooser {
 public:
  KeyChooser(Distribution distribution, std::uint64_t keys, std::uint64_t seed);
  [[nodiscard]] std::uint64_t next();

 private:
  std::uint64_t zipfian();

  Distribution distribution_;
  std::uint64_t keys_;
  base::Prng prng_;
  std::uint64_t sequence_ = 0;
  // Gray et al., "Quickly generating billion-record synthetic databases" (1994), theta 0.99 as YCSB
  // uses it.
  double zeta_ = 0;
  double alpha_ = 0;
  double eta_ = 0;
};

// 16 bytes: "k" and fifteen digits.
void format_key(std::uint64_t number, char (&out)[16]);

}  // namespace ostraka::bench::internal
