// ZAB's own vocabulary inside protocol/core's Message, TimerRequest and TraceRecord.
//
// Sources: Junqueira, Reed and Serafini, "Zab: High-performance broadcast for primary-backup
// systems", DSN 2011 ("the paper"); Medeiros, "ZooKeeper's atomic broadcast protocol: theory and
// practice", 2012 ("Medeiros").
#pragma once

#include "protocol/core/event.h"

#include <cstdint>

namespace ostraka::protocol::zab {

// Message::kind. Which fields each one uses is written down in docs/design/0001.
enum class MessageKind : std::uint8_t {
  notification = 1,  // fast leader election: my vote, my round, my state
  follower_info,     // CEPOCH: I take you for the leader; my accepted epoch
  new_epoch,         // NEWEPOCH: above every accepted epoch of a quorum
  ack_epoch,         // ACK-E: behind the token of the epoch; my current epoch and last zxid
  synchronise,       // DIFF or TRUNC: part of the leader's history
  new_leader,        // NEWLEADER: the end of the history that opens the epoch (with the last part)
  ack_new_leader,    // behind the token of history and current epoch
  up_to_date,        // UPTODATE: a quorum has acknowledged; deliver and serve
  propose,           // PROPOSE, and COMMIT of what came before
  ack,               // cumulative; behind the token of what it acknowledges
  ping,              // asks for a promise (lease), confirms leadership, commits, invites
  pong,              // echoes context and stamp; repeats the cumulative acknowledgement
  hand_over,         // the leader has given up its epoch in favour of another
  sync,              // a follower asks the leader for an index to read at
  sync_ack,
};

// Message::flags.
// notification: what the sender is doing.
inline constexpr std::uint8_t kLooking = 0;
inline constexpr std::uint8_t kFollowing = 1;
inline constexpr std::uint8_t kLeading = 2;
// ping: the leader wants a promise; pong: it was given.
inline constexpr std::uint8_t kFlagPromise = 1;
// ping: the epoch is established (a quorum acknowledged NEWLEADER); new_epoch: a quorum accepted
// it.
inline constexpr std::uint8_t kFlagEstablished = 2;
// pong: the sender's disk has no room for entries.
inline constexpr std::uint8_t kFlagDiskFull = 4;
// ping: the leader has no session with the receiver, which should send follower_info.
inline constexpr std::uint8_t kFlagInvite = 8;

inline constexpr TimerId kElectionTimer{1};   // the leader is silent; the next step of an election
inline constexpr TimerId kHeartbeatTimer{2};  // leader: pings; follower: follower_info again
inline constexpr TimerId kDeadlineTimer{3};   // pending reads and transfers

// What an entry counts in max_uncommitted_bytes besides its payload.
inline constexpr std::uint32_t kEntryOverheadBytes = 32;

// TraceRecord::kind.
enum class TraceKind : std::uint16_t {
  role = 1,          // role, epoch, leader
  vote,              // candidate, round, last index
  decided,           // leader, round
  epoch_proposed,    // epoch
  epoch_accepted,    // epoch, leader
  epoch_refused,     // epoch, leader, 1 = a promise stands against it, 2 = given to another
  epoch_adopted,     // epoch, last index of the history
  diff,              // peer, first index sent
  trunc,             // peer, first index sent, last index there
  snap,              // peer, base
  established,       // epoch, last index of the initial history
  given_up,          // epoch, why (Reason)
  appended,          // first index, last index, epoch of the last entry
  truncated,         // first index that was cut
  rejected,          // index of the check, hint index, hint epoch
  backtracked,       // peer, new next index
  committed,         // index
  configuration,     // index, voters, outgoing voters
  transfer,          // target, 1 = started, 2 = handed over, 3 = aborted, 4 = done
  read_round,        // round, number of reads
  snapshot_install,  // index, epoch
  log_lost,          // index acknowledged, last index
  ignored,           // sender, message kind: malformed or impossible
};

// Why a leader gave up its epoch.
enum class Reason : std::uint8_t {
  no_quorum = 1,     // no quorum answered for an election timeout
  no_epoch,          // discovery took too long, or the epoch was given to another
  later_history,     // a follower of the first quorum has a more recent history
  later_epoch,       // a member has accepted a later epoch
  counter_overflow,  // the epoch's last zxid is used
  asked,             // StepDown, transfer, removal
};

// Deliberate bugs, one of which a test or the simulator can plant to show that the checkers catch
// it. Never reachable from a server's configuration.
enum class Mutant : std::uint8_t {
  none = 0,
  ack_new_leader_before_durable,  // Z3: before the history and the epoch are on disk
  epoch_before_history,           // Z3: adopts the epoch when it accepts it
  keep_foreign_suffix,            // Z3: synchronises without TRUNC
  accept_old_epoch,               // Z4: takes a proposal of an epoch before the accepted one
  accept_epoch_twice,             // Z1: acknowledges one epoch to two leaders
  elect_by_counter,               // Z3: votes and leads by the length of the history only
  commit_without_epoch_quorum,    // Z2: commits what any single follower has
  ack_before_durable,             // Z2: acknowledges what is in memory only
  ignore_counter_limit,           // Z6: goes on in an epoch whose counter is used up
  broadcast_before_delivery,      // Z5: proposes before the initial history is delivered
  promise_not_kept,               // T1: gives its promise and forgets it
  promise_lost_in_restart,        // T1: a restarted voter forgets its promise
  lease_from_receipt,             // T1: the lease counts from the answer's arrival, no drift bound
  read_without_round,             // C1: answers a read without asking a quorum
  no_config_guard,                // R8: a change of membership before the last one is committed
};

}  // namespace ostraka::protocol::zab
