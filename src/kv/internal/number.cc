#include "kv/internal/number.h"

#include "base/assert.h"

#include <charconv>
#include <limits>
#include <system_error>

namespace ostraka::kv {

std::optional<std::int64_t> parse_integer(base::ByteView text) {
  const bool negative = text.starts_with('-');
  const base::ByteView digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || (digits[0] == '0' && (negative || digits.size() > 1))) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

void write_integer(std::int64_t value, std::string& out) {
  char digits[std::numeric_limits<std::int64_t>::digits10 + 3];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  OSTRAKA_ASSERT(error == std::errc{}, "64 bits fit");
  out.assign(digits, end);
}

std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    return std::nullopt;
  }
  return sum;
}

}  // namespace ostraka::kv
