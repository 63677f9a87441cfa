// The interface of every replication engine of replicated-log shape: a deterministic state machine
// without I/O.
//
// Threads: none; one caller at a time. Time comes in with the event, randomness from the seed at
// construction. No sockets, files, threads, clocks or logging inside. The same sequence of events
// gives the same sequence of effects.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::protocol {

// Time-outs and bounds. Defaults are the product's.
struct Settings {
  base::Duration heartbeat_interval = base::Duration::milliseconds(50);
  base::Duration lease = base::Duration::milliseconds(250);
  base::Duration election_timeout_min = base::Duration::milliseconds(500);
  base::Duration election_timeout_max = base::Duration::milliseconds(800);
  // allowed error of a monotonic clock's rate; part of the lease formula
  std::uint32_t clock_drift_per_mille = 10;
  // payload bytes of one replication message (one entry may exceed it)
  std::uint32_t max_message_bytes = 1U << 20;
  // per peer, payload bytes sent and not acknowledged
  std::uint32_t max_in_flight_bytes = 8U << 20;
  std::uint32_t max_in_flight_messages = 256;       // per peer
  std::uint64_t max_uncommitted_bytes = 64U << 20;  // proposals beyond are refused with busy
  // ZAB: entries of one epoch, as the counter of a zxid has 32 bits; then comes a new epoch
  std::uint64_t max_epoch_entries = 0xFFFF'FFFF;
  bool trace = false;  // fill Effects::trace
};

// What the disk holds when an instance is built.
struct Recovered {
  HardState hard_state;
  SnapshotMeta snapshot;           // index 0 and the initial configuration for a fresh cluster
  model::LogIndex applied;         // what the engine's checkpoint covers; >= snapshot.index
  std::vector<EntryMeta> entries;  // behind snapshot.index, rising
  std::vector<ConfigurationAt> configurations;
};

// What an instance is made of.
struct ProtocolParts {
  model::ShardId shard;
  model::NodeId self;
  Settings settings;
  std::uint64_t seed = 0;  // of its randomness
  base::Instant now;       // the node's monotonic clock: it may have made promises before
  Recovered recovered;
};

struct PeerStatus {
  model::NodeId id;
  model::LogIndex match;  // known to be durable there
  bool recently_active = false;
  bool needs_snapshot = false;
  bool learner = false;
  bool disk_full = false;  // as it said last
};

struct ProtocolStatus {
  Role role = Role::follower;
  model::Term term;
  model::NodeId leader;
  model::LogIndex first_index;  // first entry kept
  model::LogIndex last_index;
  model::LogIndex durable_index;
  model::LogIndex commit;
  base::Instant lease_until;  // leader only: serves reads without a message until then
  // payload bytes of entries that were sent again to a peer, since the instance was built
  std::uint64_t resent_bytes = 0;
  std::vector<PeerStatus> peers;  // leader only
};

class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  // Takes one event, adds to the outboxes. The caller has cleared `effects`.
  virtual void step(const Event& event, Effects& effects) = 0;

  [[nodiscard]] virtual ProtocolStatus status() const = 0;
  // The configuration in use now (the newest in the log for Raft).
  [[nodiscard]] virtual const model::Configuration& configuration() const = 0;
  // status().commit without building a status; engines override it (reads call it).
  [[nodiscard]] virtual model::LogIndex commit_index() const { return status().commit; }
  // The term of the entry at `index`, or none (0) when it is not in the log.
  [[nodiscard]] virtual model::Term term_at(model::LogIndex index) const = 0;
  // True when a read may be served at once from applied state >= commit: the lease covers `now` and
  // the leader has committed in its own term. Side-effect free; the clock must have been sampled
  // after the request arrived.
  [[nodiscard]] virtual bool lease_covers(base::Instant now) const = 0;
  // The driver drops no entry behind this one from the log, whatever its checkpoint covers.
  [[nodiscard]] virtual model::LogIndex trim_limit() const {
    return model::LogIndex{std::numeric_limits<std::uint64_t>::max()};
  }
  // What was accepted behind a snapshot stays when it is installed (slot engines); else the log
  // starts anew behind it.
  [[nodiscard]] virtual bool keeps_slots() const { return false; }
  // A golden-log line for a trace record of this engine.
  [[nodiscard]] virtual std::string describe(const TraceRecord& record) const = 0;
};

}  // namespace ostraka::protocol
