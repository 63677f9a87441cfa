// What fuzz targets that try several things share: the first byte of the input chooses.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace ostraka::base::testing {

// Gives the input behind its first byte to one of `targets`, of which there is at least one.
inline int run_one_of(const std::uint8_t* data, std::size_t size,
                      std::initializer_list<void (*)(ByteView)> targets) {
  if (size > 0) {
    const std::string input(data + 1, data + size);
    targets.begin()[data[0] % targets.size()](input);
  }
  return 0;
}

}  // namespace ostraka::base::testing
