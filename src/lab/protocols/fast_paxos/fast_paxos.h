// Fast Paxos, the agreement on one value in two message delays: proposers p1, …, coordinators c1,
// …, acceptors a1, …. Page: docs/lab/fast_paxos.md.
//
// Source: Lamport, "Fast Paxos", Distributed Computing 19, 2006. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& fast_paxos();

}  // namespace ostraka::lab
