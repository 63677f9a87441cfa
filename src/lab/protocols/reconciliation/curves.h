// Plots of reconciliation: this run beside the methods in rounds without delay and loss, by the
// same code.
//
// Threads: pure functions.
#pragma once

#include "lab/core/declaration.h"
#include "lab/protocols/reconciliation/store.h"

#include <vector>

namespace ostraka::lab::reconciliation_detail {

// By node, owner and key (from 0): the version that is known.
using Views = std::vector<std::vector<std::vector<std::int64_t>>>;
[[nodiscard]] Views no_views(std::int64_t nodes, std::int64_t keys);
// Takes what an output of topic "updates", "takes" or "recovers" says.
void follow(const RecordEvent& event, Views& views);

void plot(const RunContext& context, const Record& record, std::vector<Plot>& plots);

}  // namespace ostraka::lab::reconciliation_detail
