// Numbers with a fraction as INCRBYFLOAT reads and prints them: extended precision, 17 digits
// behind the point without trailing zeros.
//
// Only the gateway computes them; the log carries the text that came out.
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>

namespace ostraka::gateway::resp {

[[nodiscard]] std::optional<long double> parse_float(base::ByteView text);
[[nodiscard]] std::string print_float(long double value);

// The text of base + increment. Nothing when the sum is not finite.
[[nodiscard]] std::optional<std::string> add_floats(long double base, long double increment);

}  // namespace ostraka::gateway::resp
