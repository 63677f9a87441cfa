#include "base/metrics_text.h"

#include "base/assert.h"

#include <array>
#include <charconv>
#include <cmath>

namespace ostraka::base {
namespace {

bool is_metric_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) {
    return false;
  }
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != ':') {
      return false;
    }
  }
  return true;
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string number_text(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  std::array<char, 40> digits = {};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), result.ptr};
}

}  // namespace

void MetricsText::begin_family(const MetricFamily& family, std::string_view type) {
  if (family.name == current_) {
    return;
  }
  OSTRAKA_ASSERT(is_metric_name(family.name), "not a metric name");
  OSTRAKA_ASSERT(seen_.insert(std::string(family.name)).second,
                 "samples of a metric family must follow each other");
  current_ = family.name;
  text_ += "# HELP ";
  text_ += family.name;
  text_ += ' ';
  append_escaped(text_, family.help, false);
  text_ += "\n# TYPE ";
  text_ += family.name;
  text_ += ' ';
  text_ += type;
  text_ += '\n';
}

void MetricsText::sample(std::string_view name, std::string_view suffix,
                         std::span<const MetricLabel> labels, std::string_view upper) {
  text_ += name;
  text_ += suffix;
  char separator = '{';
  for (const MetricLabel& label : labels) {
    OSTRAKA_ASSERT(is_metric_name(label.name), "not a label name");
    text_ += separator;
    text_ += label.name;
    text_ += "=\"";
    append_escaped(text_, label.value, true);
    text_ += '"';
    separator = ',';
  }
  if (!upper.empty()) {
    text_ += separator;
    text_ += "le=\"";
    text_ += upper;
    text_ += '"';
    separator = ',';
  }
  text_ += separator == ',' ? "} " : " ";
}

void MetricsText::append_number(double value) {
  text_ += number_text(value);
  text_ += '\n';
}

void MetricsText::counter(const MetricFamily& family, std::uint64_t value,
                          std::span<const MetricLabel> labels) {
  begin_family(family, "counter");
  sample(family.name, "", labels, "");
  text_ += std::to_string(value);
  text_ += '\n';
}

void MetricsText::counter(const MetricFamily& family, double value,
                          std::span<const MetricLabel> labels) {
  begin_family(family, "counter");
  sample(family.name, "", labels, "");
  append_number(value);
}

void MetricsText::gauge(const MetricFamily& family, double value,
                        std::span<const MetricLabel> labels) {
  begin_family(family, "gauge");
  sample(family.name, "", labels, "");
  append_number(value);
}

void MetricsText::histogram(const MetricFamily& family, std::span<const MetricBucket> buckets,
                            double sum, std::uint64_t count, std::span<const MetricLabel> labels) {
  begin_family(family, "histogram");
  for (const MetricBucket& bucket : buckets) {
    sample(family.name, "_bucket", labels, number_text(bucket.upper));
    text_ += std::to_string(bucket.count);
    text_ += '\n';
  }
  sample(family.name, "_bucket", labels, "+Inf");
  text_ += std::to_string(count);
  text_ += '\n';
  sample(family.name, "_sum", labels, "");
  append_number(sum);
  sample(family.name, "_count", labels, "");
  text_ += std::to_string(count);
  text_ += '\n';
}

}  // namespace ostraka::base
