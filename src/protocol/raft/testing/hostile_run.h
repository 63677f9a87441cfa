// A schedule of messages of a peer that is authenticated and wrong, of completions and of requests,
// spelled by arbitrary bytes (faults: F10). Aborts when a peer can fire an assertion.
#pragma once

#include "base/bytes.h"
#include "protocol/raft/testing/victim.h"

#include <cstdint>
#include <string>

namespace ostraka::protocol::raft::testing {

[[nodiscard]] Victim::Counters hostile_run(base::ByteView script);

// A script drawn from a seed.
[[nodiscard]] std::string hostile_script(std::uint64_t seed);

}  // namespace ostraka::protocol::raft::testing
