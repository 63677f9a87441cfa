// What a Multi-Paxos node remembers, grouped by purpose. Plain values; the rules are in the step
// files.
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
#include "protocol/core/ring.h"
#include "protocol/multi_paxos/types.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ostraka::protocol::multi_paxos {

enum class Answer : std::uint8_t { open, granted, refused };

enum class Flow : std::uint8_t {
  probe,      // what the peer has is not known: one message, then wait
  replicate,  // sending ahead within the window
  snapshot,   // the log no longer reaches back: waiting for SnapshotSent
};

// Whose quorum decides. While a change waits for its slot both sets of voters are known.
enum class Electorate : std::uint8_t { incoming, outgoing, both };

enum class Phase : std::uint8_t { one, two };

struct SlotRange {
  model::LogIndex first;
  model::LogIndex last;
};

// One member of the configuration in use, this node included.
struct Peer {
  model::NodeId id;
  bool incoming = false;         // in `voters`
  bool outgoing = false;         // in `voters_outgoing`
  Answer answer = Answer::open;  // to pre_prepare; refused: to prepare too

  // Phase 1 at this node's ballot.
  bool promised = false;        // its whole report is here
  model::LogIndex report_next;  // the first slot that it has not told of

  // The rest belongs to the leader.
  Flow flow = Flow::probe;
  bool probe_sent = false;        // a probe is out: wait for its answer
  std::uint64_t question = 0;     // number of the newest probe or question; 0 = answered
  model::LogIndex asked_upto;     // the last slot that was sent before it
  std::uint64_t asked_round = 0;  // newest heartbeat round when it was probed or asked last
  base::Duration patience;        // without progress for so long, it is asked what it has
  model::LogIndex match;          // every slot up to here is durable there at this ballot or chosen
  std::vector<SlotRange> beyond;  // rising; accepted behind a gap behind `match`
  model::LogIndex received;       // there in memory at least, without a gap
  std::uint64_t received_round = 0;  // newest heartbeat round when it told of `received`
  model::LogIndex next;              // the next slot to send
  model::LogIndex sent;              // the last slot ever sent to it by this leader
  InFlight in_flight;
  base::Instant heard;  // last answer
  // last time that match or received rose, the window was empty, or it was asked
  base::Instant progress;
  base::Instant lease_stamp;  // send time of the newest heartbeat that it promised on
  std::uint64_t round = 0;    // newest heartbeat round that it confirmed
  model::LogIndex applied;    // as it said with its newest heartbeat_ack
  bool disk_full = false;     // likewise
};

struct Election {
  base::Duration timeout;  // drawn anew for each period
  base::Instant deadline;  // campaign then
  LazyTimer timer{kElectionTimer};
  base::Instant heard_leader;       // last word of the current leader
  base::Instant heard_candidate;    // last step of a phase 1; the origin = none
  bool leader_unreachable = false;  // connections to it broke since
  std::uint64_t campaign = 0;       // numbers rounds of pre_prepare
  model::LogIndex learned;          // candidate: chosen up to here, as a reporter said
  AppendToken recorded;             // what was adopted is durable when this is
  model::Term best;                 // the highest ballot reported (planted bug only)
};

// The lowest slot of the writes up to this token that are under way.
struct PendingLow {
  AppendToken token;
  model::LogIndex low;
};

struct Durability {
  AppendTokens writes;
  AppendToken hard_state;    // the write that carries the promised ballot
  Ring<PendingLow> lows;     // rising in both; the front is the lowest slot not durable
  model::LogIndex step_low;  // of the append being built; none = no entries yet
  bool ack_owed = false;     // follower: an acknowledgement waits for a write
};

// Follower: what of the leader's log is here, told in this life and at this ballot.
struct Stream {
  bool heard = false;      // the leader has sent slots, or asked
  model::LogIndex prefix;  // every slot up to here is accepted at its ballot, or chosen
};

struct Transfer {
  RequestId id;
  model::NodeId to;
  base::Instant deadline;
  bool told = false;        // timeout_now was sent: no lease, no promises asked for
  std::uint64_t round = 0;  // told: promises up to this heartbeat round are released
  model::Term term;         // of the leader that gives up
};

struct Leading {
  std::uint64_t round = 0;        // newest heartbeat round
  std::uint64_t lease_floor = 0;  // promises of rounds up to here do not count
  base::Instant lease_until;      // never = needs nobody else; the origin = none
  model::LogIndex proposed;       // every slot up to here is proposed at this ballot, or chosen
  model::LogIndex inherited;      // slots up to here may have been chosen by others
  model::LogIndex beyond;         // the last slot that was traced as chosen behind a gap
  std::uint64_t uncommitted_bytes = 0;
  std::optional<RequestId> change;  // the request behind the configuration under way
};

// The newest configuration that is chosen.
struct Chosen {
  model::LogIndex index;  // its slot, or one behind it when it is not known
  bool exact = false;
  std::shared_ptr<const model::Configuration> configuration;
};

}  // namespace ostraka::protocol::multi_paxos
