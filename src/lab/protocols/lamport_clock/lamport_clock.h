// Lamport's logical clock and the total order made from it, beside wall clocks that get it wrong.
// Page: docs/lab/lamport_clock.md.
//
// Source: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978.
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& lamport_clock();

}  // namespace ostraka::lab
