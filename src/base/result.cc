#include "base/result.h"

#include "base/assert.h"

namespace ostraka::base {
namespace {

enum class Retry : std::uint8_t { retry, final };

struct Row {
  ErrorCode code;
  std::string_view name;
  std::string_view text;
  Certainty certainty;
  Retry retry;
};

constexpr Row kRows[] = {
#define OSTRAKA_ERROR_ROW(name, number, certainty, retry, text) \
  Row{ErrorCode::name, #name, text, Certainty::certainty, Retry::retry},
    OSTRAKA_ERROR_TABLE(OSTRAKA_ERROR_ROW)
#undef OSTRAKA_ERROR_ROW
};

const Row& row_of(ErrorCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) {
      return row;
    }
  }
  OSTRAKA_UNREACHABLE("an error code outside the table");
}

}  // namespace

std::string_view name_of(ErrorCode code) { return row_of(code).name; }
std::string_view text_of(ErrorCode code) { return row_of(code).text; }
Certainty certainty_of(ErrorCode code) { return row_of(code).certainty; }
bool is_retryable(ErrorCode code) { return row_of(code).retry == Retry::retry; }

std::expected<ErrorCode, std::uint16_t> error_code_from(std::uint16_t number) {
  for (const Row& row : kRows) {
    if (static_cast<std::uint16_t>(row.code) == number) {
      return row.code;
    }
  }
  return std::unexpected(number);
}

std::string Error::to_string() const {
  std::string out(text_of(code));
  if (!context.empty()) {
    out += ": ";
    out += context;
  }
  return out;
}

}  // namespace ostraka::base
