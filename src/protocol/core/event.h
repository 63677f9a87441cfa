// Everything that can happen to a protocol, as values. Time comes in with the event.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <variant>

namespace ostraka::protocol {

// Names one Append effect; strictly increasing within the life of a protocol instance.
using AppendToken = base::StrongOrdinal<struct AppendTokenTag>;
// Chosen by the driver, echoed in the answer.
using RequestId = base::StrongId<struct RequestIdTag>;
// A timer of a protocol instance; engine-defined small numbers.
using TimerId = base::StrongId<struct TimerIdTag, std::uint8_t>;

struct Started {};  // the first event of every instance

struct TimerFired {
  TimerId id;
};

// A message of a peer. The driver holds the payloads of message.entries until the step returns.
struct Received {
  const Message* message = nullptr;  // not owned; valid during the step
};

// The driver wants an entry in the log. Answered by Effects::proposed or Effects::failed in the
// same step.
struct Propose {
  RequestId id;
  std::uint32_t payload_bytes = 0;
};

// An Append effect is on stable storage; token, term and index are those of the effect (all three,
// so that a late completion for an overwritten suffix is recognised).
struct Durable {
  AppendToken token;
  model::Term term;
  model::LogIndex index;
};

// The state machine has applied everything up to `index`.
struct Applied {
  model::LogIndex index;
};

// A linearizable read wants an index to wait for. Answered by Effects::reads (now or later) or
// Effects::failed.
struct ReadBarrier {
  RequestId id;
};

// A change of membership. The engine validates it against its configuration; `configuration` is the
// target.
// `joint` = by joint consensus (any difference); otherwise the difference in voters must be a
// single server.
struct ChangeMembership {
  RequestId id;
  std::shared_ptr<const model::Configuration> target;
  bool joint = false;
};

struct TransferLeadership {
  RequestId id;
  model::NodeId to;
};

// The snapshot that Effects::send_snapshot asked for has been delivered and installed there, or
// not.
struct SnapshotSent {
  model::NodeId to;
  model::LogIndex index;
  bool ok = false;
};

// A complete snapshot of a peer is staged here. Answered by Effects::install_snapshot or
// Effects::discard_snapshot.
struct SnapshotReceived {
  model::NodeId from;
  model::Term leader_term;
  SnapshotMeta meta;
};

// The staged snapshot is the state now, durably, together with a log that starts behind it.
struct SnapshotInstalled {
  SnapshotMeta meta;
};

// The log store dropped entries up to `index`: a peer that needs them gets a snapshot.
struct LogCompacted {
  model::LogIndex index;
};

// The connections to a peer broke and could not be made again (hint only; never evidence against a
// promise).
struct PeerUnreachable {
  model::NodeId peer;
};

// Campaign now if allowed (operator, tests).
struct Campaign {};

// Give up leadership, if held (shutdown).
struct StepDown {};

// The disk of this node has no room for entries, or has it again. Engines tell the leader
// (PeerStatus::disk_full), which refuses writes that no quorum could store.
struct DiskSpace {
  bool full = false;
};

using EventBody =
    std::variant<Started, TimerFired, Received, Propose, Durable, Applied, ReadBarrier,
                 ChangeMembership, TransferLeadership, SnapshotSent, SnapshotReceived,
                 SnapshotInstalled, LogCompacted, PeerUnreachable, Campaign, StepDown, DiskSpace>;

struct Event {
  base::Instant now;  // monotonic, never decreases over the events of an instance
  EventBody body;
};

}  // namespace ostraka::protocol
