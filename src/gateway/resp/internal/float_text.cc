#include "gateway/resp/internal/float_text.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ostraka::gateway::resp {
namespace {

// The longest text that Redis converts.
constexpr std::size_t kTextBytesMax = std::size_t{5} * 1024;
// The largest finite value has 4933 digits before the point.
constexpr std::size_t kPrintedBytesMax = std::size_t{5} * 1024;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::optional<long double> parse_float(base::ByteView text) {
  if (text.empty() || text.size() >= kTextBytesMax || is_space(text.front())) {
    return std::nullopt;
  }
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.c_str(), &end);
  const bool whole = end == terminated.c_str() + terminated.size();
  const bool out_of_range = errno == ERANGE && (std::isinf(value) || value == 0.0L);
  if (!whole || out_of_range || std::isnan(value)) {
    return std::nullopt;
  }
  return value;
}

std::string print_float(long double value) {
  char text[kPrintedBytesMax];
  const int written = std::snprintf(text, sizeof(text), "%.17Lf", value);
  std::string printed(text, static_cast<std::size_t>(written));
  if (printed.find('.') != std::string::npos) {
    printed.erase(printed.find_last_not_of('0') + 1);
    if (printed.ends_with('.')) {
      printed.pop_back();
    }
  }
  return printed == "-0" ? "0" : printed;
}

std::optional<std::string> add_floats(long double base, long double increment) {
  const long double sum = base + increment;
  if (!std::isfinite(sum)) {
    return std::nullopt;
  }
  return print_float(sum);
}

}  // namespace ostraka::gateway::resp
