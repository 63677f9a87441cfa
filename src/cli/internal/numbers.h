// Checks of flags that take a number; what is wrong is said in a few words.
#pragma once

#include <CLI/CLI.hpp>

namespace ostraka::cli {

// A finite number above zero.
[[nodiscard]] CLI::Validator above_zero();
// A finite number, zero or more.
[[nodiscard]] CLI::Validator zero_or_more();

}  // namespace ostraka::cli
