// Anti-entropy over many entries with messages of a bounded size: precise and Scuttlebutt
// reconciliation. docs/lab/reconciliation.md is its page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& reconciliation();

}  // namespace ostraka::lab
