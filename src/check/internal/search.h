// The search over one key's operations. See check/linearizability.h.
#pragma once

#include "check/history.h"
#include "check/linearizability.h"

#include <cstdint>
#include <vector>

namespace ostraka::check::internal {

struct SearchResult {
  Verdict verdict = Verdict::valid;
  std::uint64_t steps = 0;
};

// `operations` all have the same key and are sorted by call time.
[[nodiscard]] SearchResult search(Model model, const std::vector<Operation>& operations,
                                  std::uint64_t steps_max);

}  // namespace ostraka::check::internal
