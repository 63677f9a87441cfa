// ZAB: the product's own state machine (protocol/zab) in the laboratory. Page: docs/lab/zab.md.
//
// Source: Junqueira, Reed and Serafini, "Zab: High-performance broadcast for primary-backup
// systems", 2011; Medeiros, "ZooKeeper's atomic broadcast protocol: theory and practice", 2012.
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& zab();

}  // namespace ostraka::lab
