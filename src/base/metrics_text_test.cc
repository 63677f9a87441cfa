#include "base/metrics_text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace ostraka::base {
namespace {

TEST(MetricsText, FamiliesLabelsAndEscapes) {
  MetricsText metrics;
  const std::array labels = {MetricLabel{"peer", "n\"1\\\n"}, MetricLabel{"channel", "bulk"}};
  metrics.counter({"a_total", "Things\nand \\."}, std::uint64_t{18'446'744'073'709'551'615U});
  metrics.gauge({"b", "Level."}, 0.25, labels);
  metrics.gauge({"b", "Level."}, std::numeric_limits<double>::infinity());
  EXPECT_EQ(metrics.text(),
            "# HELP a_total Things\\nand \\\\.\n"
            "# TYPE a_total counter\n"
            "a_total 18446744073709551615\n"
            "# HELP b Level.\n"
            "# TYPE b gauge\n"
            "b{peer=\"n\\\"1\\\\\\n\",channel=\"bulk\"} 0.25\n"
            "b +Inf\n");
}

TEST(MetricsText, Histogram) {
  MetricsText metrics;
  const std::array buckets = {MetricBucket{0.001, 2}, MetricBucket{0.5, 3}};
  const std::array labels = {MetricLabel{"op", "get"}};
  metrics.histogram({"h_seconds", "Time."}, buckets, 1.5, 4, labels);
  EXPECT_EQ(metrics.text(),
            "# HELP h_seconds Time.\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{op=\"get\",le=\"0.001\"} 2\n"
            "h_seconds_bucket{op=\"get\",le=\"0.5\"} 3\n"
            "h_seconds_bucket{op=\"get\",le=\"+Inf\"} 4\n"
            "h_seconds_sum{op=\"get\"} 1.5\n"
            "h_seconds_count{op=\"get\"} 4\n");
}

TEST(MetricsTextDeath, AFamilyMayNotComeAgain) {
  MetricsText metrics;
  metrics.gauge({"a", "A."}, 1);
  metrics.gauge({"b", "B."}, 1);
  EXPECT_DEATH(metrics.gauge({"a", "A."}, 1), "follow each other");
}

}  // namespace
}  // namespace ostraka::base
