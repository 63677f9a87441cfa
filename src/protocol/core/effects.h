// Everything that a protocol wants done, as values, in named outboxes. The caller owns and reuses
// one Effects, so that the steady state allocates nothing.
//
// Durability order is in the type: a message whose promise needs stable storage goes to
// send_after_durable with the token of the Append it waits for; the driver cannot send it early by
// mistake.
#pragma once

#include "base/recycled_vector.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/event.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::protocol {

// One atomic durable write: truncation, then entries, then hard state. The driver echoes (token,
// term, index) in Durable. Payloads: entries of this node's own proposals come from Propose (see
// Effects::proposed), configuration entries from `configurations`, all others from the message of
// the Received event being stepped.
struct Append {
  bool present = false;  // false: this step writes nothing
  AppendToken token;
  model::Term term;       // the term under which this write is made; echoed
  model::LogIndex index;  // the last index of `entries`, or of the log when there are none; echoed
  // first index of the suffix that is cut (Raft); none for slot engines
  std::optional<model::LogIndex> truncate_from;
  // in rising index order; a slot engine may leave gaps and may overwrite
  std::vector<EntryMeta> entries;
  std::vector<ConfigurationAt> configurations;
  std::optional<HardState> hard_state;

  void reset();  // keeps capacity
};

struct DelayedMessage {
  AppendToken token;  // sent when this token, and so every earlier one, is durable
  Message message;

  void reset() { message.reset(); }
};

struct TimerRequest {
  TimerId id;
  base::Instant deadline;  // replaces the timer's earlier deadline; Instant::never() disarms
};

// The answer to Propose: the entry has this place. Committed when apply_upto reaches it AND the
// entry there has this term.
struct Proposed {
  RequestId id;
  model::LogIndex index;
  model::Term term;
};

// A read barrier is passed: serve the read when applied >= index, from a state read after that.
struct ReadReady {
  RequestId id;
  model::LogIndex index;
};

// A request ended without success. The code says whether it is definite.
struct RequestFailed {
  RequestId id;
  base::ErrorCode code;
  model::NodeId leader_hint;  // none when unknown
};

// A membership change is in force, or a leadership transfer is over.
struct RequestDone {
  RequestId id;
};

struct SendSnapshot {
  model::NodeId to;
  model::LogIndex at_least;  // a snapshot behind this index is useless to the peer
};

enum class Role : std::uint8_t { learner, follower, pre_candidate, candidate, leader };

// The log here is shorter than what this node has acknowledged as durable: its disk forgot synced
// writes. Nothing that this node promised can be relied on; it may take no further part.
struct LogLost {
  model::NodeId told_by;
  model::LogIndex acknowledged;
  model::LogIndex last;  // of the log as it is
};

struct RoleChange {
  Role role;
  model::Term term;
  model::NodeId leader;  // none when unknown
};

// One line of a golden event log; rendered by the engine's describe().
struct TraceRecord {
  std::uint16_t kind;
  std::uint64_t a;
  std::uint64_t b;
  std::uint64_t c;
};

struct Effects {
  Append append;  // at most one a step
  base::RecycledVector<Message> send_now;
  base::RecycledVector<DelayedMessage> send_after_durable;
  // everything up to here is committed and durable here; never falls; 0 = no news
  model::LogIndex apply_upto;
  std::vector<TimerRequest> timers;
  std::vector<Proposed> proposed;
  std::vector<ReadReady> reads;
  std::vector<RequestFailed> failed;
  std::vector<RequestDone> done;
  std::vector<SendSnapshot> send_snapshot;
  std::optional<SnapshotMeta> install_snapshot;
  bool discard_snapshot = false;
  // what was received comes from no correct peer; nothing was done
  bool message_refused = false;
  std::optional<LogLost> log_lost;
  std::optional<RoleChange> role_change;
  // set when the configuration in use changed
  std::shared_ptr<const model::Configuration> configuration;
  std::vector<TraceRecord> trace;

  // Empties every outbox and keeps its capacity.
  void clear();
};

}  // namespace ostraka::protocol
