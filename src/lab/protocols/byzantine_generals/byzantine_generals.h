// The Byzantine generals with oral messages, OM(m). docs/lab/byzantine_generals.md is its page.
//
// Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& byzantine_generals();

}  // namespace ostraka::lab
