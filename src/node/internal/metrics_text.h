// Builds a page of metrics in the Prometheus text format (version 0.0.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ostraka::node {

class MetricsText {
 public:
  // `name` without the prefix "ostraka_". `labels` as 'key="value",…' or empty. HELP and TYPE are
  // written when the name differs from the one before.
  void counter(std::string_view name, std::string_view help, std::uint64_t value,
               std::string_view labels = {});
  void counter(std::string_view name, std::string_view help, double value,
               std::string_view labels = {});
  void gauge(std::string_view name, std::string_view help, std::uint64_t value,
             std::string_view labels = {});
  void gauge(std::string_view name, std::string_view help, double value,
             std::string_view labels = {});
  // One quantile, or sum and count, of a summary.
  void summary_quantile(std::string_view name, std::string_view help, std::string_view labels,
                        std::string_view quantile, double value);
  void summary_end(std::string_view name, std::string_view labels, double sum,
                   std::uint64_t count);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void head(std::string_view name, std::string_view help, std::string_view type);
  void sample(std::string_view name, std::string_view labels, std::string_view value);

  std::string text_;
  std::string last_;
};

// A value of a label with '\', '"' and line ends escaped.
[[nodiscard]] std::string escaped_label(std::string_view value);

}  // namespace ostraka::node
