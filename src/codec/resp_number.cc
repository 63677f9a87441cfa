#include "codec/resp_number.h"

#include <charconv>

namespace ostraka::codec {
namespace {

bool is_canonical(base::ByteView digits) {
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') {
    return false;
  }
  return digits.front() != '0' || digits.size() == 1;
}

template <typename T>
std::optional<T> parse_whole(base::ByteView text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_resp_integer(base::ByteView text) {
  if (text.starts_with('-')) {
    // "-0" has another spelling.
    if (!is_canonical(text.substr(1)) || text[1] == '0') {
      return std::nullopt;
    }
  } else if (!is_canonical(text)) {
    return std::nullopt;
  }
  return parse_whole<std::int64_t>(text);
}

std::optional<std::uint64_t> parse_resp_unsigned(base::ByteView text) {
  if (!is_canonical(text)) {
    return std::nullopt;
  }
  return parse_whole<std::uint64_t>(text);
}

}  // namespace ostraka::codec
