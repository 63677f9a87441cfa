// Paxos Commit: one transaction, a leader c, participants p1, p2, …, acceptors a1, …, and leaders
// c2, … that go on when c is silent. docs/lab/paxos_commit.md is its page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& paxos_commit();

}  // namespace ostraka::lab
