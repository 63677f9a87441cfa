#include "cli/internal/numbers.h"

#include <charconv>
#include <cmath>
#include <string>

namespace ostraka::cli {

namespace {

CLI::Validator number_from(bool with_zero, const std::string& wanted) {
  return {[with_zero, wanted](const std::string& text) -> std::string {
            double value = 0;
            const char* end = text.data() + text.size();
            const auto [read, error] = std::from_chars(text.data(), end, value);
            const bool number = error == std::errc{} && read == end && std::isfinite(value);
            return number && (value > 0 || (with_zero && value == 0)) ? std::string()
                                                                      : text + " is no " + wanted;
          },
          "", "number"};
}

}  // namespace

CLI::Validator above_zero() { return number_from(false, "number above 0"); }

CLI::Validator zero_or_more() { return number_from(true, "number from 0 on"); }

}  // namespace ostraka::cli
