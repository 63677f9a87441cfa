// For fuzz targets of frames: what is accepted, encoded and decoded again, is the same.
//
// Threads: none. Errors: a difference ends the process.
#pragma once

#include "base/assert.h"
#include "base/bytes.h"

#include <optional>
#include <string>

namespace ostraka::base::testing {

// `decode` takes a ByteView and gives a Result, `encode` appends to a string. The encoding of what
// was read; nothing when the input was refused.
template <typename Decode, typename Encode>
std::optional<std::string> comes_back(ByteView input, Decode decode, Encode encode) {
  const auto decoded = decode(input);
  if (!decoded.has_value()) {
    return std::nullopt;
  }
  std::string once;
  encode(*decoded, once);
  std::string twice;
  encode(decode(once).value(), twice);
  OSTRAKA_ASSERT(twice == once, "decode and encode are inverse");
  return once;
}

}  // namespace ostraka::base::testing
