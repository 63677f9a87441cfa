// What a peer says, judged before any of it is believed (protocol/core/admission.h): what a kind of
// message must and must not carry. Threads: pure functions.
#pragma once

#include "protocol/core/message.h"

namespace ostraka::protocol::zab {

[[nodiscard]] bool is_well_formed(const Message& message);

}  // namespace ostraka::protocol::zab
