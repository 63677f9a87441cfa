// Lamport's mutual exclusion: every process keeps the queue of requests, ordered by their stamps;
// beside it a central server, which grants in the order of arrival. Page:
// docs/lab/lamport_mutex.md.
//
// Source: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978, rules
// 1 to 5. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& lamport_mutex();

}  // namespace ostraka::lab
