// Glob patterns with the meaning that Redis gives them: * any run, ? any byte, [abc] [a-z] [^a] one
// byte of a class, \x the byte x. Bytes, not characters; no locale.
//
// A class that is not closed ends with the pattern; a lone \ at the end stands for itself. Time is
// bounded by pattern length times text length. Threads: pure functions.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace ostraka::base {

enum class LetterCase : std::uint8_t { exact, ignored };

[[nodiscard]] bool glob_matches(ByteView pattern, ByteView text,
                                LetterCase letters = LetterCase::exact);

}  // namespace ostraka::base
