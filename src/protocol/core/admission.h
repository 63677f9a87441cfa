// What no correct peer of any log engine sends, judged by what the message says alone: a connection
// proves who speaks, not that it speaks sense.
//
// Behind these checks ordinals can be added to without wrapping, and entries appended without a
// gap. What a kind of message must carry is the engine's part. Threads: pure functions.
#pragma once

#include "protocol/core/event.h"
#include "protocol/core/message.h"

#include <cstdint>

namespace ostraka::protocol {

// Terms and indices beyond are nobody's: at a million a second they take 146,000 years to reach.
inline constexpr std::uint64_t kOrdinalMax = std::uint64_t{1} << 62;

[[nodiscard]] bool has_possible_ordinals(const Message& message);
// The empty log ends at index 0 with term 0; every entry has an index and a term.
[[nodiscard]] bool names_an_entry_or_none(const Message& message);
// A run without gaps behind message.index, in terms that do not fall and that the sender can know,
// with the content of every configuration.
[[nodiscard]] bool are_well_formed_entries(const Message& message);
[[nodiscard]] bool is_well_formed(const SnapshotReceived& event);

}  // namespace ostraka::protocol
