// Which replication engine a node runs: what its directory holds, what the operator asks for, what
// the cluster has; one line for people when they differ.
//
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "protocol/engines/engines.h"

#include <cstdint>
#include <string>

namespace ostraka::node {

// Of a fresh directory; `asked` may be empty. Errors: invalid_argument.
[[nodiscard]] base::Result<const protocol::Engine*> engine_asked_for(const std::string& asked);
// Of a directory that has one. Errors: format_unknown (this program has no such engine),
// identity_mismatch (another one is asked for).
[[nodiscard]] base::Result<const protocol::Engine*> engine_of_directory(std::uint8_t stored,
                                                                        const std::string& asked);
// What is wrong when `who` has another engine than this node, and what to do.
[[nodiscard]] std::string other_engine(const std::string& who, std::uint8_t theirs,
                                       std::uint8_t mine);

}  // namespace ostraka::node
