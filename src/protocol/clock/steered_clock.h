// A clock made of one that cannot be set: it follows the underlying clock, plus a correction that
// jumps (step) or grows at a bounded rate (slew). While only slewed, it never goes back.
//
// Source: RFC 5905, section 12 (clock adjustment), without its frequency loop.
// Threads: a value; none. Units: parts per million, at most kSlewMaxPpm.
#pragma once

#include "base/time.h"

#include <cstdint>

namespace ostraka::protocol::clock {

class SteeredClock {
 public:
  static constexpr std::int64_t kSlewMaxPpm = 500'000;
  // Requires 0 < slew_ppm <= kSlewMaxPpm.
  explicit SteeredClock(std::int64_t slew_ppm);

  // What this clock reads when the underlying one reads `under`, which never decreases.
  [[nodiscard]] base::Instant read(base::Instant under) const {
    return under + correction_at(under);
  }
  // Replaces what is left of an earlier slew.
  void slew(base::Duration by, base::Instant under);
  void step(base::Duration by, base::Instant under);
  // Still to be slewed.
  [[nodiscard]] base::Duration left(base::Instant under) const {
    return target_ - correction_at(under);
  }

 private:
  [[nodiscard]] base::Duration correction_at(base::Instant under) const;
  std::int64_t slew_ppm_;
  base::Duration correction_;  // at since_
  base::Duration target_;
  base::Instant since_;
};

}  // namespace ostraka::protocol::clock
