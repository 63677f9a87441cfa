#include "base/histogram.h"

#include "base/assert.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace ostraka::base {
namespace {

// Values below 2 * kSteps have a bucket each; above, each power of two is cut into kSteps.
constexpr unsigned kStepBits = 7;
constexpr std::uint64_t kSteps = std::uint64_t{1} << kStepBits;
constexpr unsigned kValueBits = 42;
constexpr std::size_t kBuckets = (kValueBits - kStepBits + 1) * kSteps;

}  // namespace

Histogram::Histogram() : counts_(kBuckets) {}

std::size_t Histogram::index_of(std::uint64_t value) {
  if (value < 2 * kSteps) {
    return value;
  }
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
  return shift * kSteps + (value >> shift);
}

std::uint64_t Histogram::highest_of(std::size_t index) {
  if (index < 2 * kSteps) {
    return index;
  }
  const std::uint64_t shift = index / kSteps - 1;
  const std::uint64_t step = index % kSteps + kSteps;
  return ((step + 1) << shift) - 1;
}

void Histogram::record(std::uint64_t value, std::uint64_t count) {
  if (count == 0) {
    return;
  }
  value = std::min(value, kValueMax);
  counts_[index_of(value)] += count;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  count_ += count;
  sum_ += value * count;
}

void Histogram::record_corrected(std::uint64_t value, std::uint64_t expected_interval) {
  value = std::min(value, kValueMax);
  record(value);
  if (expected_interval == 0) {
    return;
  }
  while (value > expected_interval) {
    value -= expected_interval;
    if (value < expected_interval) {
      break;
    }
    record(value);
  }
}

void Histogram::add(const Histogram& other) {
  if (other.count_ == 0) {
    return;
  }
  for (std::size_t i = 0; i < kBuckets; ++i) {
    counts_[i] += other.counts_[i];
  }
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
}

void Histogram::clear() {
  std::ranges::fill(counts_, 0);
  count_ = 0;
  sum_ = 0;
  min_ = 0;
  max_ = 0;
}

double Histogram::mean() const {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t Histogram::quantile(double quantile) const {
  OSTRAKA_ASSERT(quantile >= 0.0 && quantile <= 1.0, "a quantile is a share");
  if (count_ == 0) {
    return 0;
  }
  const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) {
      return std::min(highest_of(i), max_);
    }
  }
  return max_;
}

std::uint64_t Histogram::count_at_or_below(std::uint64_t value) const {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets && highest_of(i) <= value; ++i) {
    seen += counts_[i];
  }
  return seen;
}

}  // namespace ostraka::base
