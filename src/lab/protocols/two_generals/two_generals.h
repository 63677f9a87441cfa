// The two generals: agreement by messengers who may be captured, which no number of confirmations
// makes certain. Page: docs/lab/two_generals.md.
//
// Source: Gray, "Notes on Data Base Operating Systems", 1978, section 5.8.3.3.1.
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& two_generals();

}  // namespace ostraka::lab
