// The Prometheus text exposition format, version 0.0.4: samples appended to a string, with HELP and
// TYPE in front of each family. The names are documented in docs/metrics.md.
//
// Samples of one family follow each other; a name that comes again later is a programming error.
// Threads: none.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace ostraka::base {

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

// A cumulative bucket: how many observations were at most `upper`.
struct MetricBucket {
  double upper = 0;
  std::uint64_t count = 0;
};

struct MetricFamily {
  std::string_view name;  // [a-zA-Z_:][a-zA-Z0-9_:]*, counters end with _total
  std::string_view help;
};

class MetricsText {
 public:
  void counter(const MetricFamily& family, std::uint64_t value,
               std::span<const MetricLabel> labels = {});
  void counter(const MetricFamily& family, double value, std::span<const MetricLabel> labels = {});
  void gauge(const MetricFamily& family, double value, std::span<const MetricLabel> labels = {});
  // `buckets` rising; the bucket "+Inf" is added with `count`.
  void histogram(const MetricFamily& family, std::span<const MetricBucket> buckets, double sum,
                 std::uint64_t count, std::span<const MetricLabel> labels = {});

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin_family(const MetricFamily& family, std::string_view type);
  void sample(std::string_view name, std::string_view suffix, std::span<const MetricLabel> labels,
              std::string_view upper);
  void append_number(double value);

  std::string text_;
  std::string current_;  // the family whose samples are being written
  std::set<std::string, std::less<>> seen_;
};

}  // namespace ostraka::base
