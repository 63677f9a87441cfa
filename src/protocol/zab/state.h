// What a ZAB node remembers, grouped by purpose. Plain values; the rules are in the step files.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/append_tokens.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"
#include "protocol/core/in_flight.h"
#include "protocol/core/lazy_timer.h"
#include "protocol/core/reads.h"
#include "protocol/zab/types.h"

#include <compare>
#include <cstdint>
#include <optional>

namespace ostraka::protocol::zab {

// Medeiros, section 3: phases 0 to 3. The leader is whom leader_ names from discovery on.
enum class Phase : std::uint8_t { election, discovery, synchronisation, broadcast };

// Whom a node would have lead, and how far that one's history goes. The order is that of fast
// leader election: current epoch, then last zxid, then identity.
struct Vote {
  model::Term epoch;
  model::Term log_term;
  model::LogIndex index;
  model::NodeId id;
  friend auto operator<=>(const Vote&, const Vote&) = default;
};

enum class Flow : std::uint8_t {
  absent,     // no session: it has not answered new_epoch since it last looked for a leader
  probe,      // looking for the last entry in common: one message, then wait
  replicate,  // sending ahead within the window
  snapshot,   // the log no longer reaches back: waiting for SnapshotSent
};

// One member of the configuration in use, this node included.
struct Peer {
  model::NodeId id;
  bool incoming = false;  // in `voters`
  bool outgoing = false;  // in `voters_outgoing`

  // Election: what it said last. Cleared with each round.
  std::optional<Vote> vote;  // in this round
  model::NodeId serves;      // follows this leader, or is it; none = looking
  // Not cleared with a round: how often it was followed in vain since this node last had a leader,
  // and until when this node does not elect it for that.
  std::uint32_t failures = 0;
  base::Instant suspected_until;

  // The rest belongs to the leader. Of this epoch, and true for ever in it:
  bool acked = false;     // has accepted the epoch, durably
  bool adopted = false;   // has acknowledged NEWLEADER: history and current epoch are durable
  model::LogIndex match;  // durable there and equal to our history
  // Of its session, which begins with follower_info:
  bool joined = false;
  bool answered = false;      // acknowledged new_epoch
  bool offered = false;       // new_leader was sent
  bool introduced = false;    // acknowledged new_leader
  std::uint64_t session = 0;  // its number for it
  model::Term accepted;       // its accepted epoch, or its last entry's if that is later

  Flow flow = Flow::absent;
  bool probe_sent = false;        // a probe is out: wait for its acknowledgement
  model::LogIndex probe_last;     // the last entry that the newest probe carried, or asked about
  std::uint64_t asked_round = 0;  // newest ping round when it was probed or asked last
  base::Duration patience;        // without progress for so long, it is asked what it has
  model::LogIndex received;       // there in memory at least, and equal; >= match
  model::LogIndex next;           // the next entry to send; > match
  model::LogIndex sent;           // the last entry ever sent to it by this leader
  InFlight in_flight;
  base::Instant heard;  // last answer
  // last time that match or received rose, the window was empty, or it was asked
  base::Instant progress;
  base::Instant lease_stamp;  // send time of the newest ping that it promised on
  std::uint64_t round = 0;    // newest ping round that it confirmed
  bool disk_full = false;     // as it said with its newest pong
};

// What this voter has promised a leader: to accept no other leader's epoch before `until` on its
// own clock. Over early only when that very leader says that it gave up.
struct Promise {
  base::Instant until;
  model::NodeId leader;  // none: made in a life before this one
};

struct Election {
  std::uint64_t round = 0;  // the logical clock of fast leader election; 0 = has not looked yet
  Vote vote;
  bool waited = false;  // outside the newest configuration: has let the members go first
  base::Instant decide_at = base::Instant::never();  // a quorum agrees; wait for better votes
  base::Instant repeat_at = base::Instant::never();  // say the vote again
  base::Duration repeat_after;
  base::Instant deadline;  // follower: the leader is silent
  base::Duration timeout;  // drawn anew for each leader
  LazyTimer timer{kElectionTimer};
  base::Instant heard_leader;       // last word of the leader
  bool leader_unreachable = false;  // connections to it broke since
};

struct Durability {
  AppendTokens writes;
  DurableIndex log;
  AppendToken accepted;   // the write that carries the accepted epoch in use
  AppendToken adopted;    // the write that carries the current epoch in use
  bool ack_owed = false;  // follower: an acknowledgement waits for a write
};

// This node as a follower of leader_.
struct Following {
  std::uint64_t session = 0;  // number of the session, echoed by new_epoch
  base::Instant since;        // follows it
  bool introduced = false;    // new_leader arrived in this session
  bool ack_new_leader_owed = false;
  model::LogIndex matched;  // up to here the log equals that of the accepted epoch's leader
};

struct Transfer {
  RequestId id;
  model::NodeId to;
  base::Instant deadline;
  model::Term term;  // the epoch that is given up
};

struct Leading {
  base::Instant began;
  bool chosen = false;          // the epoch is chosen: it is hard_.term
  model::Term former;           // the current epoch of the history that is brought in
  model::LogIndex initial_end;  // last entry of the initial history; valid from synchronisation on
  bool acknowledged = false;    // a quorum has acknowledged NEWLEADER
  bool exhausted = false;       // the counter has reached its limit
  std::uint64_t round = 0;      // newest ping round
  base::Instant lease_until;    // never = sole voter; the origin = none
  std::uint64_t uncommitted_bytes = 0;
  std::optional<RequestId> change;  // the request behind the configuration in the log
};

}  // namespace ostraka::protocol::zab
