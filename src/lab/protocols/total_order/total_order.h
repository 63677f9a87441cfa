// Total order broadcast by a sequencer, with members that crash and come back; beside it delivery
// in the order of arrival. Page: docs/lab/total_order.md.
//
// Sources: Hadzilacos, Toueg 1994 (atomic broadcast); Defago, Schiper, Urban, "Total Order
// Broadcast and Multicast Algorithms", 2004, section 4.1 (fixed sequencer). Threads: none.
#pragma once

#include "lab/core/declaration.h"

namespace ostraka::lab {

[[nodiscard]] const Declaration& total_order();

}  // namespace ostraka::lab
