#include "protocol/clock/hybrid_clock.h"

#include <algorithm>
#include <limits>
#include <string>

namespace ostraka::protocol::clock {
namespace {

HybridStamp next(HybridStamp stamp) {
  if (stamp.logical == std::numeric_limits<std::uint32_t>::max()) {
    return {.physical_ms = stamp.physical_ms + 1, .logical = 0};
  }
  return {.physical_ms = stamp.physical_ms, .logical = stamp.logical + 1};
}

}  // namespace

HybridStamp HybridClock::tick(base::WallTime wall) {
  const HybridStamp here{.physical_ms = wall.as_milliseconds(), .logical = 0};
  last_ = std::max(here, next(last_));
  return last_;
}

base::Result<HybridStamp> HybridClock::receive(HybridStamp received, base::WallTime wall) {
  const std::int64_t ahead = received.physical_ms - wall.as_milliseconds();
  if (ahead > ahead_max_.as_milliseconds()) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "a stamp is " + std::to_string(ahead) + " ms ahead of this clock, above " +
                          std::to_string(ahead_max_.as_milliseconds()) +
                          " ms; check the clocks of both nodes");
  }
  last_ = std::max(last_, received);
  return tick(wall);
}

}  // namespace ostraka::protocol::clock
