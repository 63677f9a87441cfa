// A replicated value with version stamps: which of two writes has seen the other. Time stamps and
// version vectors per server lose writes or multiply siblings; dotted versions do neither.
// Page: docs/lab/version_vectors.md.
//
// Sources: Parker and others, "Detection of Mutual Inconsistency in Distributed Systems", 1983;
// Preguica and others, "Dotted Version Vectors", 2010. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& version_vectors();

}  // namespace ostraka::lab
