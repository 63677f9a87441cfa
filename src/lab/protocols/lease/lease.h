// Leases: a promise that ends by itself, counted by two clocks that do not agree; and what a
// fencing token adds. Page: docs/lab/lease.md.
//
// Source: Gray, Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache
// Consistency", 1989; fencing as in Burrows, "The Chubby Lock Service", 2006, section 2.4.
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& lease();

}  // namespace ostraka::lab
