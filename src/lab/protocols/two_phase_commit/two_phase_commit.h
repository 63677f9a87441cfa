// Two-phase commit with presumed abort: one transaction, a coordinator c and participants p1, p2, …
// docs/lab/two_phase_commit.md is its page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& two_phase_commit();

}  // namespace ostraka::lab
