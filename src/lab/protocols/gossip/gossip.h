// Epidemic spreading of one update: direct mail, rumours, anti-entropy. docs/lab/gossip.md is its
// page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& gossip();

}  // namespace ostraka::lab
