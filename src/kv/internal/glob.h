// Glob patterns with the meaning that Redis gives them: * any run, ? any byte, [abc] [a-z] [^a] one
// byte of a class, \x the byte x. Bytes, not characters; no locale.
//
// A class that is not closed ends with the pattern; a lone \ at the end stands for itself. Time is
// bounded by pattern length times text length.
#pragma once

#include "base/bytes.h"

namespace ostraka::kv {

[[nodiscard]] bool glob_matches(base::ByteView pattern, base::ByteView text);

}  // namespace ostraka::kv
