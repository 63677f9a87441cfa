// Result<T>: a value or an Error. The only way in which a failure crosses a module boundary.
//
// Error = a code of the one table (base/error_table.h) and a short context. The success path
// allocates nothing.
// Threads: values; no sharing.
#pragma once

#include "base/error_table.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ostraka::base {

enum class ErrorCode : std::uint16_t {
#define OSTRAKA_ERROR_ENUM(name, number, certainty, retry, text) name = number,
  OSTRAKA_ERROR_TABLE(OSTRAKA_ERROR_ENUM)
#undef OSTRAKA_ERROR_ENUM
};

// What is known of an operation that ended with an error.
enum class Certainty : std::uint8_t { definite, indefinite };

// The name of the row, such as "not_leader".
[[nodiscard]] std::string_view name_of(ErrorCode code);
// The text of the row.
[[nodiscard]] std::string_view text_of(ErrorCode code);
[[nodiscard]] Certainty certainty_of(ErrorCode code);
// True when the same request may succeed later.
[[nodiscard]] bool is_retryable(ErrorCode code);
// The code with this number, or nothing when no row has it (a peer of a later version).
[[nodiscard]] std::expected<ErrorCode, std::uint16_t> error_code_from(std::uint16_t number);

struct [[nodiscard]] Error {
  ErrorCode code;
  std::string context;  // what was being done and to what; no secret, no user data

  // "text: context" for people.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string context = {}) {
  return std::unexpected<Error>(Error{code, std::move(context)});
}

}  // namespace ostraka::base

#define OSTRAKA_CONCAT_INNER(a, b) a##b
#define OSTRAKA_CONCAT(a, b) OSTRAKA_CONCAT_INNER(a, b)

// Returns the error of a Result-valued expression from the enclosing function.
#define OSTRAKA_TRY(expression)                                                                 \
  do {                                                                                          \
    if (auto ostraka_try_status = (expression); !ostraka_try_status.has_value()) [[unlikely]] { \
      return ::std::unexpected(::std::move(ostraka_try_status).error());                        \
    }                                                                                           \
  } while (false)

// OSTRAKA_ASSIGN(auto x, f()): x gets the value, or the enclosing function returns the error.
#define OSTRAKA_ASSIGN(declaration, expression) \
  OSTRAKA_ASSIGN_IMPL(OSTRAKA_CONCAT(ostraka_result_, __LINE__), declaration, expression)
#define OSTRAKA_ASSIGN_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                                \
  if (!temporary.has_value()) [[unlikely]] {                    \
    return ::std::unexpected(::std::move(temporary).error());   \
  }                                                             \
  declaration = *::std::move(temporary)
