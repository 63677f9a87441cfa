// Raft: the product's own state machine (protocol/raft) in the laboratory. Page: docs/lab/raft.md.
//
// Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
// Version)", 2014; Ongaro, "Consensus: Bridging Theory and Practice", 2014. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& raft();

}  // namespace ostraka::lab
