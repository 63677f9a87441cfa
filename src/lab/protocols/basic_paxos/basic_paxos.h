// Basic Paxos, the agreement on one value: proposers, acceptors, learners. Page:
// docs/lab/basic_paxos.md.
//
// Source: Lamport, "Paxos Made Simple", 2001, sections 2.2 to 2.4. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& basic_paxos();

}  // namespace ostraka::lab
