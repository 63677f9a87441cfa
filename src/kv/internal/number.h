// Integers as INCR reads and writes them: decimal, 64 bits signed, exactly one spelling for each
// (no sign +, no leading zero or blank, no -0). No locale.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::kv {

[[nodiscard]] std::optional<std::int64_t> parse_integer(base::ByteView text);

// Replaces the content of `out`.
void write_integer(std::int64_t value, std::string& out);

// Nothing when the sum does not fit.
[[nodiscard]] std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b);

}  // namespace ostraka::kv
