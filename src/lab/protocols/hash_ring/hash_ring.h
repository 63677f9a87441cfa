// Distribution of keys over nodes: modulo hashing, a ring with hashed tokens, and the product's
// ring. docs/lab/hash_ring.md is its page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& hash_ring();

}  // namespace ostraka::lab
