// How many rounds and bytes an update needs to reach all of n nodes by anti-entropy: the nodes of
// node.h in rounds without delay and loss, against theory.
//
// Threads: pure; the sweep is made once in the life of a program (about 0.1 s).
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/record.h"
#include "lab/protocols/gossip/node.h"

#include <cstdint>
#include <vector>

namespace ostraka::lab::gossip_detail {

struct Reach {
  double rounds = 0;
  double bytes = 0;  // with updates of kSweepBytes
};

inline constexpr std::int64_t kSweepBytes = 100;
inline constexpr std::int64_t kHeaderBytes = 20;

// The mean over `samples` seeds until everyone knows. `declared`: the parameters of the protocol.
[[nodiscard]] Reach reach(std::vector<Parameter> declared, Exchange exchange, std::uint32_t nodes,
                          std::uint64_t samples);

// Rounds, and bytes a node, against log2 n.
[[nodiscard]] const std::vector<Plot>& sweep(const std::vector<Parameter>& declared);

}  // namespace ostraka::lab::gossip_detail
