// A group's membership as the payload of a configuration entry and inside snapshots and meta
// records. Format: docs/formats/log_entry.md, section "Configuration".
//
// Threads: pure functions. Errors of decoding: malformed, format_unknown.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/membership.h"

#include <string>

namespace ostraka::codec {

// Appends to `out`. Requires that each list is sorted by id without duplicates.
void encode_configuration(const model::Configuration& configuration, std::string& out);

// The whole of `encoded` must be one configuration.
[[nodiscard]] base::Result<model::Configuration> decode_configuration(base::ByteView encoded);

}  // namespace ostraka::codec
