// Raft's own vocabulary inside protocol/core's Message, TimerRequest and TraceRecord.
//
// Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
// Version)", 2014; Ongaro, "Consensus: Bridging Theory and Practice", 2014 ("the thesis").
#pragma once

#include "protocol/core/event.h"

#include <cstdint>

namespace ostraka::protocol::raft {

// Message::kind. Which fields each one uses is written down in docs/design/0001.
enum class MessageKind : std::uint8_t {
  pre_vote = 1,   // would you vote for me in term + 1? (thesis 9.6)
  pre_vote_ack,   // echoes context
  vote,           // RequestVote
  vote_ack,       // behind the token of the vote
  append,         // AppendEntries with its consistency check
  append_ack,     // cumulative; behind the token of what it acknowledges
  heartbeat,      // asks for a promise (lease) and confirms leadership (read rounds)
  heartbeat_ack,  // echoes context and stamp; repeats the cumulative acknowledgement
  timeout_now,    // leadership transfer (thesis 3.10)
  read_request,   // a follower asks the leader for a read index (thesis 6.4)
  read_ack,
};

// Message::flags.
// heartbeat: the leader wants a promise; heartbeat_ack: it was given.
inline constexpr std::uint8_t kFlagPromise = 1;
// heartbeat_ack: the sender's disk has no room for entries.
inline constexpr std::uint8_t kFlagDiskFull = 4;
// vote: the leader of term hint_term gave up its lease after round `context` in favour of the
// sender, so promises made in that round or before are over.
inline constexpr std::uint8_t kFlagTransfer = 2;

inline constexpr TimerId kElectionTimer{1};
inline constexpr TimerId kHeartbeatTimer{2};
inline constexpr TimerId kDeadlineTimer{3};  // pending reads and transfers

// What an entry counts in max_uncommitted_bytes besides its payload.
inline constexpr std::uint32_t kEntryOverheadBytes = 32;

// TraceRecord::kind.
enum class TraceKind : std::uint16_t {
  role = 1,      // role, term, leader
  vote_granted,  // candidate, term
  vote_refused,  // candidate, term asked for, 1 = a promise or a live leader stands against it
  pre_vote_granted,
  pre_vote_refused,
  appended,          // first index, last index, term of the last entry
  truncated,         // first index that was cut
  rejected,          // index of the check, hint index, hint term
  backtracked,       // peer, new next index
  committed,         // index
  configuration,     // index, voters, outgoing voters
  lease_given_up,    // round
  transfer,          // target, 1 = started, 2 = told to campaign, 3 = aborted, 4 = done
  read_round,        // round, number of reads
  snapshot_wanted,   // peer, base
  snapshot_install,  // index, term
  log_lost,          // index acknowledged, last index
  ignored,           // sender, message kind: malformed or impossible
};

// Deliberate bugs, one of which a test or the simulator can plant to show that the checkers catch
// it. Never reachable from a server's configuration.
enum class Mutant : std::uint8_t {
  none = 0,
  commit_any_term,                    // counts replicas of old terms' entries (Figure 8)
  vote_before_durable,                // a grant leaves before it is on disk
  ack_before_durable,                 // an acknowledgement leaves before its entries are on disk
  no_config_guard,                    // a change without an own-term commit before it (S4)
  lease_kept_in_transfer,             // lease reads go on after TimeoutNow (S8)
  vote_within_promise_on_reset,       // a broken connection ends the promise (E5)
  vote_after_restart_within_promise,  // a restarted voter forgets its promise (E5)
  read_without_own_term_commit,       // a fresh leader serves its old commit index (S10)
  prevote_silent,                     // a refused pre-vote does not tell the term (S7)
  vote_twice,                         // does not look at its earlier vote of the term
  lease_from_receipt,                 // lease counts from the answer's arrival, no drift bound
  resend_window,                      // a window without progress is repeated, not asked about (E9)
  leader_kept_in_prevote,             // a pre-candidate does not forget its leader (S7)
  no_prevote,                         // stands for election without asking first (S7)
  no_check_quorum,                    // a leader that nobody answers stays (S7)
  quorum_not_heard,                   // answers do not count for check-quorum (E4)
  restart_promise_for_ever,           // leadership is never handed to a node that restarted
};

}  // namespace ostraka::protocol::raft
