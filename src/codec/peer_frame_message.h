// A replication message as the body of a frame: its metadata, compact (varints; absent fields cost
// nothing), then the payload bytes of its entries one behind the other. Format:
// docs/formats/peer.md.
//
// Threads: pure functions. Errors of decoding: malformed, format_unknown.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/core/message.h"

#include <string>

namespace ostraka::codec {

// Appends the metadata; the payloads, of entry.payload_bytes each, must follow it.
void encode_message(const protocol::Message& message, std::string& out);

// Fills `message` and returns where the payloads begin in `body`. The payload bytes that are there
// are exactly those that the entries name.
[[nodiscard]] base::Result<std::size_t> decode_message(base::ByteView body,
                                                       protocol::Message& message);

}  // namespace ostraka::codec
