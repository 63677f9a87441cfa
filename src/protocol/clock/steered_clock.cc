#include "protocol/clock/steered_clock.h"

#include "base/assert.h"

#include <algorithm>

namespace ostraka::protocol::clock {

using base::Duration;
using base::Instant;

namespace {

constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

SteeredClock::SteeredClock(std::int64_t slew_ppm) : slew_ppm_(slew_ppm) {
  OSTRAKA_ASSERT(slew_ppm > 0 && slew_ppm <= kSlewMaxPpm, "a rate that never stops the clock");
}

Duration SteeredClock::correction_at(Instant under) const {
  // Exact to the nanosecond, or the clock would go back where a coarser count rises. In two parts:
  // the product of a long time and a rate would overflow.
  const std::int64_t passed = (under - since_).as_nanoseconds();
  const Duration grown = Duration::nanoseconds(passed / kMillion * slew_ppm_ +
                                               passed % kMillion * slew_ppm_ / kMillion);
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
