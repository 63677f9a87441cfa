#include "bench/internal/timeline.h"

#include <algorithm>

namespace ostraka::bench::internal {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kSecondsMax = 86'400;

}  // namespace

void Timeline::acknowledged(std::uint64_t at, std::uint64_t latency) {
  ++second(at).operations;
  latency_.record(latency);
}

std::vector<SecondReport> Timeline::finish() {
  close();
  return std::move(seconds_);
}

SecondReport& Timeline::second(std::uint64_t at) {
  const std::uint64_t number = std::min(at / kSecond, kSecondsMax - 1);
  if (seconds_.size() <= number) {
    close();
    seconds_.resize(number + 1);
  }
  return seconds_.back();
}

void Timeline::close() {
  if (latency_.count() == 0) {
    return;
  }
  SecondReport& last = seconds_.back();
  last.p50 = latency_.quantile(0.5);
  last.p99 = latency_.quantile(0.99);
  last.p999 = latency_.quantile(0.999);
  last.max = latency_.max();
  latency_.clear();
}

}  // namespace ostraka::bench::internal
