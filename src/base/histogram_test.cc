#include "base/histogram.h"

#include "base/prng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ostraka::base {
namespace {

TEST(Histogram, EmptyIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.99), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 256; ++value) {
    histogram.record(value);
  }
  for (std::uint64_t value = 0; value < 256; ++value) {
    EXPECT_EQ(histogram.quantile((static_cast<double>(value) + 0.5) / 256.0), value);
    EXPECT_EQ(histogram.count_at_or_below(value), value + 1);
  }
}

TEST(Histogram, QuantilesAreWithinOneIn128OfTheTruth) {
  Prng prng(7);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = prng.next() >> prng.between(22, 60);
    values.push_back(value);
    histogram.record(value);
  }
  std::ranges::sort(values);
  for (const double quantile : {0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(quantile * 20'000.0) - 1;
    const auto truth = static_cast<double>(values[rank]);
    const auto measured = static_cast<double>(histogram.quantile(quantile));
    EXPECT_GE(measured, truth) << quantile;
    EXPECT_LE(measured, truth * (1.0 + 1.0 / 128.0) + 1.0) << quantile;
  }
  EXPECT_EQ(histogram.min(), values.front());
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(Histogram, ValuesBeyondTheRangeCountAsTheLargest) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.max(), Histogram::kValueMax);
  EXPECT_EQ(histogram.quantile(1.0), Histogram::kValueMax);
}

TEST(Histogram, CorrectionAddsTheRequestsThatCouldNotBeSent) {
  Histogram histogram;
  histogram.record_corrected(1000, 100);
  // 1000, 900 … 100
  EXPECT_EQ(histogram.count(), 10U);
  EXPECT_EQ(histogram.min(), 100U);
  histogram.record_corrected(50, 100);
  EXPECT_EQ(histogram.count(), 11U);
  histogram.record_corrected(50, 0);
  EXPECT_EQ(histogram.count(), 12U);
}

TEST(Histogram, AddIsRecordingBoth) {
  Histogram one;
  Histogram two;
  Histogram both;
  for (std::uint64_t value = 1; value < 100'000; value = value * 3 + 1) {
    (value % 2 == 0 ? one : two).record(value);
    both.record(value);
  }
  one.add(two);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.sum(), both.sum());
  EXPECT_EQ(one.min(), both.min());
  EXPECT_EQ(one.quantile(0.5), both.quantile(0.5));
  one.clear();
  EXPECT_EQ(one.count(), 0U);
  EXPECT_EQ(one.max(), 0U);
}

}  // namespace
}  // namespace ostraka::base
