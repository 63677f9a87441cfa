// A histogram of non-negative numbers with a bounded relative error, for latencies.
//
// Buckets are logarithmic with 128 linear steps per power of two, the layout of Gil Tene's
// HdrHistogram: every recorded value is known within 1 in 128 (two significant digits), counts
// are exact, recording takes constant time and never allocates after construction (about 37 KB).
// Values above kValueMax count as kValueMax. Threads: none.
#pragma once

#include <cstdint>
#include <vector>

namespace ostraka::base {

class Histogram {
 public:
  // About 73 minutes in nanoseconds.
  static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << 42U) - 1;

  Histogram();

  void record(std::uint64_t value) { record(value, 1); }
  void record(std::uint64_t value, std::uint64_t count);
  // Also records what a client that waited for this answer could not send: value - interval,
  // value - 2 * interval … (correction of coordinated omission). 0 = no correction.
  void record_corrected(std::uint64_t value, std::uint64_t expected_interval);
  // Adds everything of another histogram.
  void add(const Histogram& other);
  void clear();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  // Exact; 0 when empty.
  [[nodiscard]] std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] double mean() const;
  // The highest value of the bucket in which the quantile lies (so at least that share of the
  // values is at or below it), never above max(). `quantile` in [0, 1]; 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double quantile) const;
  // How many recorded values lie in buckets that end at or below `value` (Prometheus buckets).
  [[nodiscard]] std::uint64_t count_at_or_below(std::uint64_t value) const;

 private:
  static std::size_t index_of(std::uint64_t value);
  static std::uint64_t highest_of(std::size_t index);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace ostraka::base
