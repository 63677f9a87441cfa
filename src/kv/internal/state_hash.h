// A hash over a shard's logical state: what a client or a retry can ever see, and nothing of how an
// engine, the generations or the expiry index hold it.
#pragma once

#include "base/result.h"
#include "kv/internal/core.h"
#include "kv/internal/sessions.h"

#include <cstdint>

namespace ostraka::kv {

// Walks everything. Requires that nothing is pending. Errors: io_error, corruption.
[[nodiscard]] base::Result<std::uint64_t> hash_state(Core& core, Sessions& sessions);

}  // namespace ostraka::kv
