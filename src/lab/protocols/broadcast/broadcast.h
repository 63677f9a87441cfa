// Broadcast in four strengths: best effort, reliable, FIFO, causal; each with what the weaker one
// gets wrong. Page: docs/lab/broadcast.md.
//
// Sources: Hadzilacos, Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and Related
// Problems", 1994; Birman, Schiper, Stephenson, "Lightweight Causal and Atomic Group Multicast",
// 1991. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& broadcast();

}  // namespace ostraka::lab
