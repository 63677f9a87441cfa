// What a peer says, judged before any of it is believed: a connection proves who speaks, not that
// it speaks sense.
//
// Only what no correct peer sends is refused, by what the message says alone; what depends on this
// node's state is judged where it is used. Behind it ordinals can be added to without wrapping.
// Threads: pure functions.
#pragma once

#include "protocol/core/event.h"
#include "protocol/core/message.h"

namespace ostraka::protocol::multi_paxos {

// Ordinals beyond are nobody's.
[[nodiscard]] bool is_possible_ballot(model::Term ballot);
[[nodiscard]] bool is_well_formed(const Message& message);
[[nodiscard]] bool is_well_formed(const SnapshotReceived& event);

}  // namespace ostraka::protocol::multi_paxos
