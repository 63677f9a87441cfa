// Multi-Paxos: the product's own state machine (protocol/multi_paxos) in the laboratory. Page:
// docs/lab/multi_paxos.md.
//
// Source: Lamport, "Paxos Made Simple", 2001, sections 2 and 3. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& multi_paxos();

}  // namespace ostraka::lab
