// What a Raft node remembers, grouped by purpose. Plain values; the rules are in the step files.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/append_tokens.h"
#include "protocol/core/effects.h"
#include "protocol/core/election.h"
#include "protocol/core/event.h"
#include "protocol/core/in_flight.h"
#include "protocol/core/lazy_timer.h"
#include "protocol/core/reads.h"
#include "protocol/raft/types.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ostraka::protocol::raft {

enum class Ballot : std::uint8_t { open, granted, refused };

enum class Flow : std::uint8_t {
  probe,      // looking for the last entry in common: one message, then wait
  replicate,  // sending ahead within the window
  snapshot,   // the log no longer reaches back: waiting for SnapshotSent
};

// One member of the configuration in use, this node included.
struct Peer {
  model::NodeId id;
  bool incoming = false;  // in `voters`
  bool outgoing = false;  // in `voters_outgoing`
  Ballot ballot = Ballot::open;

  // The rest belongs to the leader. match < next always.
  Flow flow = Flow::probe;
  bool probe_sent = false;        // a probe is out: wait for its acknowledgement
  model::LogIndex probe_last;     // the last entry that the newest probe carried, or asked about
  std::uint64_t asked_round = 0;  // newest heartbeat round when it was probed or asked last
  base::Duration patience;        // without progress for so long, it is asked what it has
  model::LogIndex match;          // durable there and equal to our log
  model::LogIndex received;       // there in memory at least, and equal; >= match
  model::LogIndex next;           // the next entry to send
  model::LogIndex sent;           // the last entry ever sent to it by this leader
  InFlight in_flight;
  base::Instant heard;  // last answer
  // last time that match or received rose, the window was empty, or it was asked
  base::Instant progress;
  base::Instant lease_stamp;  // send time of the newest heartbeat that it promised on
  std::uint64_t round = 0;    // newest heartbeat round that it confirmed
  bool disk_full = false;     // as it said with its newest heartbeat_ack
};

struct Election {
  base::Duration timeout;  // drawn anew for each period
  base::Instant deadline;  // campaign then
  LazyTimer timer{kElectionTimer};
  base::Instant heard_leader;       // last word of the current leader
  bool leader_unreachable = false;  // connections to it broke since
  std::uint64_t campaign = 0;       // numbers pre-vote rounds
};

struct Durability {
  AppendTokens writes;
  DurableIndex log;
  AppendToken hard_state;  // the write that carries the term and vote in use
  bool ack_owed = false;   // follower: an acknowledgement waits for a write
};

struct Transfer {
  RequestId id;
  model::NodeId to;
  base::Instant deadline;
  bool told = false;        // TimeoutNow was sent: no lease, no promises asked for
  std::uint64_t round = 0;  // told: promises up to this heartbeat round are released
  model::Term term;         // of the leader that gives up
};

struct Leading {
  std::uint64_t round = 0;        // newest heartbeat round
  std::uint64_t lease_floor = 0;  // promises of rounds up to here do not count
  base::Instant lease_until;      // never = sole voter; the origin = none
  model::LogIndex first_of_term;  // the no-op that opens the term
  std::uint64_t uncommitted_bytes = 0;
  std::optional<RequestId> change;  // the request behind the configuration in the log
};

}  // namespace ostraka::protocol::raft
