// What replication protocols say to each other and write down: metadata, never payloads.
//
// One flat message serves every engine of replicated-log shape (Raft, Multi-Paxos, ZAB, chain,
// primary-backup), so that the driver, the peer codec and the simulator know none of them.
// docs/design/0001-protocol-interface.md maps each engine's messages and durable writes onto these
// fields. `kind` is the engine's own enumeration.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "model/membership.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ostraka::protocol {

enum class EntryKind : std::uint8_t {
  data = 0,           // payload: commands, opaque to protocols
  noop = 1,           // empty; opens a leader's term, or fills a Paxos gap
  configuration = 2,  // payload: an encoded model::Configuration
};

// One log entry without its payload. For Multi-Paxos `term` is the ballot at which the slot was
// accepted.
struct EntryMeta {
  model::LogIndex index;
  model::Term term;
  EntryKind kind = EntryKind::data;
  std::uint32_t payload_bytes = 0;
  friend bool operator==(const EntryMeta&, const EntryMeta&) = default;
};

// A configuration entry's content. Shared because the log, messages and the active configuration
// hold the same value.
struct ConfigurationAt {
  model::LogIndex index;
  std::shared_ptr<const model::Configuration> configuration;
};

// What must survive a restart besides entries. Raft: term, vote. Multi-Paxos: term = promised
// ballot, second_term = a chosen prefix. ZAB: term = accepted epoch, vote = whom it was given to,
// second_term = current epoch.
struct HardState {
  model::Term term;
  model::NodeId vote;
  model::Term second_term;
  friend bool operator==(const HardState&, const HardState&) = default;
};

// What a snapshot stands for: the state after applying everything up to `index`.
struct SnapshotMeta {
  model::LogIndex index;
  model::Term term;
  std::shared_ptr<const model::Configuration> configuration;
};

struct Message {
  model::NodeId from;
  model::NodeId to;
  std::uint8_t kind = 0;
  bool reject = false;
  std::uint8_t flags = 0;      // engine-defined
  model::Term term;            // sender's term, ballot or epoch
  model::LogIndex index;       // e.g. the entry before `entries`, or the index acknowledged
  model::Term log_term;        // term of the entry at `index`
  model::LogIndex commit;      // sender's commit index
  model::LogIndex hint_index;  // back-tracking hint
  model::Term hint_term;       // back-tracking hint
  std::uint64_t context = 0;   // echoed by the answer: read round, probe number
  // sender's monotonic clock at sending, echoed by the answer (leases)
  base::Instant stamp;
  std::vector<EntryMeta> entries;  // the driver attaches the payloads
  // content of the configuration entries among `entries`
  std::vector<ConfigurationAt> configurations;
  // Of sending, not on the wire: arrives behind the entries that were sent to `to` before, as a
  // message with entries does; others may overtake them.
  bool behind_entries = false;

  void reset();  // back to defaults, keeps capacity
};

}  // namespace ostraka::protocol
