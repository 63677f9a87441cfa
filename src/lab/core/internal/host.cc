#include "lab/core/internal/host.h"

#include <algorithm>

namespace ostraka::lab {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kMicrosecond = 1'000;

// a * b / c without overflow for the times of a run; rounds towards zero.
std::int64_t scale(std::int64_t a, std::int64_t b, std::int64_t c) {
  return a / c * b + a % c * b / c;
}

}  // namespace

base::Instant Host::local(base::Instant now) const {
  const std::int64_t ns = now.as_nanoseconds();
  return now + spec.clock.offset +
         base::Duration::nanoseconds(scale(ns, spec.clock.rate_ppm, kMillion));
}

base::Instant Host::true_time(base::Instant deadline, base::Instant now) const {
  if (deadline <= local(now)) {
    return now;
  }
  const std::int64_t wanted = (deadline - spec.clock.offset).as_nanoseconds();
  auto at = base::Instant::from_nanoseconds(
      scale(wanted, kMillion, kMillion + spec.clock.rate_ppm) / kMicrosecond * kMicrosecond);
  while (local(at) < deadline) {
    at = at + base::Duration::microseconds(1);
  }
  return std::max(at, now);
}

void Host::forget() {
  process = nullptr;
  pauses = 0;
  waiting.clear();
  pending.clear();
  held.clear();
  timers.clear();
  shown.clear();
}

}  // namespace ostraka::lab
