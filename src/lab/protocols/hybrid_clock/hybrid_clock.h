// Hybrid logical clocks: stamps that respect causes and stay near the wall clock, within a bound
// that is checked. Page: docs/lab/hybrid_clock.md.
//
// Source: Kulkarni and others, "Logical Physical Clocks and Consistent Snapshots in Globally
// Distributed Databases", 2014. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& hybrid_clock();

}  // namespace ostraka::lab
