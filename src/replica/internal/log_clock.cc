#include "replica/internal/log_clock.h"

#include "base/assert.h"

#include <algorithm>
#include <functional>

namespace ostraka::replica {
namespace {

base::WallTime plus(base::WallTime time, base::Duration duration) {
  return base::WallTime::from_milliseconds(time.as_milliseconds() + duration.as_milliseconds());
}

}  // namespace

void LogClock::observe(base::WallTime log_time, base::Instant now) {
  last_ = std::max(last_, log_time);
  if (!anchored_ || log_time > projected(now)) {
    anchored_ = true;
    anchor_ = log_time;
    anchored_at_ = now;
  }
}

void LogClock::confirm(base::WallTime wall, base::Instant now) {
  // The quorum's word replaces the projection in both directions: monotonic clocks drift.
  anchored_ = true;
  confirmed_ = true;
  anchor_ = wall;
  anchored_at_ = now;
}

base::WallTime LogClock::next(const ClockSample& sample) {
  if (anchored_) {
    const base::WallTime ceiling = plus(projected(sample.now), step_max_);
    last_ = std::max(last_, std::min(sample.wall, ceiling));
  }
  return last_;
}

base::WallTime LogClock::estimate(const ClockSample& sample) const {
  if (!anchored_) {
    return std::max(last_, sample.wall);
  }
  return std::max(last_, std::min(sample.wall, plus(projected(sample.now), step_max_)));
}

bool LogClock::wants_quorum(const ClockSample& sample) const {
  return !anchored_ || sample.wall > plus(projected(sample.now), step_max_ / 2);
}

base::WallTime LogClock::projected(base::Instant now) const {
  return plus(anchor_, now - anchored_at_);
}

base::WallTime majority_time(std::span<base::WallTime> clocks) {
  OSTRAKA_ASSERT(!clocks.empty(), "a majority of nothing");
  std::sort(clocks.begin(), clocks.end(), std::greater<>());
  return clocks[clocks.size() / 2];
}

}  // namespace ostraka::replica
