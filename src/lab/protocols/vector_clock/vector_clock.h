// Vector clocks: stamps that tell before, after and concurrent. With fewer components than
// processes (one of them is Lamport's clock) they cannot. Page: docs/lab/vector_clock.md.
//
// Sources: Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", 1988;
// Mattern, "Virtual Time and Global States of Distributed Systems", 1989. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& vector_clock();

}  // namespace ostraka::lab
