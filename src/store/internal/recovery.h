// What a shard starts from: the engine's checkpoint, the log found on disk, and for a new shard the
// initial configuration. A pure function, so that every crash point can be tested as values.
#pragma once

#include "base/result.h"
#include "kv/state_machine.h"
#include "model/membership.h"
#include "port/log_store.h"
#include "protocol/core/protocol.h"
#include "replica/replica.h"

#include <memory>
#include <optional>
#include <vector>

namespace ostraka::store {

struct Recovery {
  protocol::Recovered recovered;
  std::vector<port::LogEntry> unapplied;
  std::optional<replica::LogPosition> reset_log;
  std::optional<port::LogWrite> first_write;
};

// `keeps_slots`: of the engine (protocol::Protocol).
// Errors: corruption (the log starts behind the checkpoint; a damaged configuration entry),
// format_unknown.
[[nodiscard]] base::Result<Recovery> recover(
    const kv::AppliedState& applied, port::RecoveredLog log,
    const std::shared_ptr<const model::Configuration>& initial, bool keeps_slots = false);

}  // namespace ostraka::store
