#include "node/internal/metrics_text.h"

#include <fmt/format.h>

namespace ostraka::node {

void MetricsText::head(std::string_view name, std::string_view help, std::string_view type) {
  if (last_ == name) {
    return;
  }
  last_ = name;
  text_ += fmt::format("# HELP ostraka_{0} {1}\n# TYPE ostraka_{0} {2}\n", name, help, type);
}

void MetricsText::sample(std::string_view name, std::string_view labels, std::string_view value) {
  text_ += fmt::format("ostraka_{}", name);
  if (!labels.empty()) {
    text_ += fmt::format("{{{}}}", labels);
  }
  text_ += fmt::format(" {}\n", value);
}

void MetricsText::counter(std::string_view name, std::string_view help, std::uint64_t value,
                          std::string_view labels) {
  head(name, help, "counter");
  sample(name, labels, fmt::format("{}", value));
}

void MetricsText::counter(std::string_view name, std::string_view help, double value,
                          std::string_view labels) {
  head(name, help, "counter");
  sample(name, labels, fmt::format("{:.6f}", value));
}

void MetricsText::gauge(std::string_view name, std::string_view help, std::uint64_t value,
                        std::string_view labels) {
  head(name, help, "gauge");
  sample(name, labels, fmt::format("{}", value));
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value,
                        std::string_view labels) {
  head(name, help, "gauge");
  sample(name, labels, fmt::format("{:.6f}", value));
}

void MetricsText::summary_quantile(std::string_view name, std::string_view help,
                                   std::string_view labels, std::string_view quantile,
                                   double value) {
  head(name, help, "summary");
  sample(name, fmt::format("{}{}quantile=\"{}\"", labels, labels.empty() ? "" : ",", quantile),
         fmt::format("{:.9f}", value));
}

void MetricsText::summary_end(std::string_view name, std::string_view labels, double sum,
                              std::uint64_t count) {
  sample(fmt::format("{}_sum", name), labels, fmt::format("{:.9f}", sum));
  sample(fmt::format("{}_count", name), labels, fmt::format("{}", count));
}

std::string escaped_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
    }
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace ostraka::node
