// Clock correction over the network: offset and delay from four readings, the best of several, the
// agreement of several servers; then slew, step or panic. Page: docs/lab/ntp.md.
//
// Source: RFC 5905 (NTP version 4), sections 8, 10, 11.2.1 and 11.3. Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& ntp();

}  // namespace ostraka::lab
