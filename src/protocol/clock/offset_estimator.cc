#include "protocol/clock/offset_estimator.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::protocol::clock {

using base::Duration;

std::optional<OffsetSample> sample_of(const FourReadings& it) {
  const Duration there = it.was_asked - it.asked;    // delay there + offset
  const Duration back = it.has_answer - it.answers;  // delay back - offset
  if (it.answers < it.was_asked || there + back < Duration()) {
    return std::nullopt;
  }
  return OffsetSample{.offset = (there - back) / 2, .delay = there + back};
}

void OffsetEstimator::add(OffsetSample sample) {
  samples_.at(next_) = sample;
  next_ = (next_ + 1) % kSamples;
  count_ = std::min(count_ + 1, kSamples);
}

std::optional<OffsetSample> OffsetEstimator::best() const {
  if (count_ == 0) {
    return std::nullopt;
  }
  std::optional<OffsetSample> best;
  for (std::size_t i = 1; i <= count_; ++i) {  // the newest of equals
    const OffsetSample& each = samples_.at((next_ + kSamples - i) % kSamples);
    if (!best.has_value() || each.delay < best->delay) {
      best = each;
    }
  }
  return best;
}

std::optional<OffsetSample> agreement_of(std::span<const OffsetSample> peers) {
  // Marzullo's sweep: +1 where an interval begins, -1 behind its end.
  std::vector<std::pair<Duration, int>> edges;
  for (const OffsetSample& each : peers) {
    edges.emplace_back(each.offset - each.error(), -1);  // begins sort before ends
    edges.emplace_back(each.offset + each.error(), +1);
  }
  std::ranges::sort(edges);
  std::size_t open = 0;
  std::size_t most = peers.size() / 2;  // a majority is more
  std::optional<OffsetSample> found;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges[i].second > 0) {
      --open;
    } else if (++open > most) {
      most = open;
      const Duration width = edges[i + 1].first - edges[i].first;  // nothing begins between
      found = OffsetSample{.offset = edges[i].first + width / 2, .delay = width};
    }
  }
  return found;
}

Correction correction_for(Duration offset, const CorrectionLimits& limits) {
  const Duration size = std::max(offset, Duration() - offset);
  if (size > limits.panic_above) {
    return Correction::panic;
  }
  return size > limits.step_above ? Correction::step : Correction::slew;
}

}  // namespace ostraka::protocol::clock
