// Patterns as KEYS and CONFIG GET take them: * any run, ? any byte, [a-z] [^a] a class, \x the byte
// x.
#pragma once

#include "base/bytes.h"

namespace ostraka::gateway::resp {

enum class LetterCase : std::uint8_t { exact, ignored };

// Takes time proportional to pattern times text, never more.
[[nodiscard]] bool glob_matches(base::ByteView pattern, base::ByteView text,
                                LetterCase letters = LetterCase::exact);

}  // namespace ostraka::gateway::resp
