// What a peer says, judged before any of it is believed: a connection proves who speaks, not that
// it speaks sense.
//
// Only what no correct peer sends is refused, by what the message says alone; what depends on this
// node's state is judged where it is used. Behind it ordinals can be added to without wrapping.
// Threads: pure functions.
#pragma once

#include "protocol/core/message.h"

namespace ostraka::protocol::raft {

[[nodiscard]] bool is_well_formed(const Message& message);

}  // namespace ostraka::protocol::raft
