#include "protocol/clock/steered_clock.h"

#include "base/assert.h"

#include <algorithm>

namespace ostraka::protocol::clock {

using base::Duration;
using base::Instant;

SteeredClock::SteeredClock(std::int64_t slew_ppm) : slew_ppm_(slew_ppm) {
  OSTRAKA_ASSERT(slew_ppm > 0 && slew_ppm <= kSlewMaxPpm, "a rate that never stops the clock");
}

Duration SteeredClock::correction_at(Instant under) const {
  // Whole microseconds first: the product of a long time and a rate must not overflow.
  const Duration grown =
      Duration::nanoseconds((under - since_).as_microseconds() * slew_ppm_ / 1000);
  return target_ > correction_ ? std::min(target_, correction_ + grown)
                               : std::max(target_, correction_ - grown);
}

void SteeredClock::slew(Duration by, Instant under) {
  correction_ = correction_at(under);
  since_ = under;
  target_ = correction_ + by;
}

void SteeredClock::step(Duration by, Instant under) {
  correction_ = correction_at(under) + by;
  since_ = under;
  target_ = correction_;
}

}  // namespace ostraka::protocol::clock
