// Three-phase commit: one transaction, a coordinator c and participants p1, p2, …, with three ways
// to go on without the coordinator. docs/lab/three_phase_commit.md is its page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& three_phase_commit();

}  // namespace ostraka::lab
