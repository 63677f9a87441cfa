// Every protocol of the laboratory. The list is in CMakeLists.txt, from which the code is made.
//
// Threads: any; read-only.
#pragma once

#include "lab/core/catalogue.h"

namespace ostraka::lab {

[[nodiscard]] const Catalogue& all_protocols();

}  // namespace ostraka::lab
