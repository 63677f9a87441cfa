// Multi-Paxos's own vocabulary inside protocol/core's Message, TimerRequest and TraceRecord.
//
// Sources: Lamport, "Paxos Made Simple", 2001 (sections 2.2 and 3); Lamport, "The Part-Time
// Parliament", 1998; van Renesse and Altinbuken, "Paxos Made Moderately Complex", 2015; Howard,
// Malkhi, Spiegelman, "Flexible Paxos", 2016.
#pragma once

#include "model/ids.h"
#include "protocol/core/event.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace ostraka::protocol::multi_paxos {

// Message::kind. Which fields each one uses is written down in docs/design/0001.
enum class MessageKind : std::uint8_t {
  pre_prepare = 1,  // would you promise me a higher ballot? nobody's state changes by it
  pre_promise,      // echoes context; hint_term = the highest ballot heard of
  prepare,          // phase 1a for every slot from `index` on; asks for the next piece too
  promise,          // phase 1b, one piece of the report
  accept,           // phase 2a; entries of older ballots among them are chosen; or a question
  accepted,         // phase 2b: cumulative, or a range
  heartbeat,        // asks for a promise (lease) and confirms leadership (read rounds)
  heartbeat_ack,
  timeout_now,   // leadership transfer
  read_request,  // a follower asks the leader for a read index
  read_ack,
};

// Message::flags.
// heartbeat: the leader wants a promise; heartbeat_ack: it was given.
inline constexpr std::uint8_t kFlagPromise = 1;
// prepare: the leader of ballot hint_term gave up its lease after round `context` in favour of the
// sender, so promises made in that round or before are over.
inline constexpr std::uint8_t kFlagTransfer = 2;
// heartbeat_ack: the sender's disk has no room for entries.
inline constexpr std::uint8_t kFlagDiskFull = 4;
// promise: the report ends with this piece.
inline constexpr std::uint8_t kFlagLast = 8;
// accepted: slots index..hint_index, behind a gap; else everything up to index.
inline constexpr std::uint8_t kFlagRange = 16;

inline constexpr TimerId kElectionTimer{1};
inline constexpr TimerId kHeartbeatTimer{2};  // a candidate's prepares are repeated by it too
inline constexpr TimerId kDeadlineTimer{3};   // pending reads and transfers

// Bounds that no setting covers.
inline constexpr std::size_t kEntriesPerMessageMax = 4096;
// What an entry counts in max_uncommitted_bytes besides its payload.
inline constexpr std::uint32_t kEntryOverheadBytes = 32;
// Slots beyond the chosen prefix that a node keeps places for.
inline constexpr std::uint64_t kSlotsAheadMax = 1U << 16;

// What every member of a cluster must agree on, for ever.
struct Tuning {
  // Sizes of the quorums of the two phases; 0 = what the other one leaves, both 0 = majorities. A
  // configuration that they do not fit is refused (quorum::is_safe).
  std::uint32_t phase1 = 0;
  std::uint32_t phase2 = 0;
  // A configuration chosen in slot i is in force from slot i + alpha on; fewer than that many slots
  // are open at a time. 2..kSlotsAheadMax / 4.
  std::uint32_t alpha = 4096;
};

// A ballot is round << 16 | node: it belongs to one proposer for ever.
inline constexpr unsigned kNodeBits = 16;
[[nodiscard]] constexpr model::NodeId proposer_of(model::Term ballot) {
  return model::NodeId{static_cast<std::uint32_t>(ballot.value() & ((1U << kNodeBits) - 1))};
}
[[nodiscard]] constexpr std::uint64_t round_of(model::Term ballot) {
  return ballot.value() >> kNodeBits;
}
[[nodiscard]] constexpr model::Term make_ballot(std::uint64_t round, model::NodeId node) {
  return model::Term{round << kNodeBits | node.value()};
}

// "round.node"
[[nodiscard]] std::string name_of_ballot(std::uint64_t ballot);

// TraceRecord::kind.
enum class TraceKind : std::uint16_t {
  role = 1,          // role, ballot, leader
  promised,          // candidate, ballot
  refused,           // candidate, ballot, 1 = a promise or a live leader, 2 = its log is too short
  pre_promised,      // candidate
  pre_refused,       // candidate
  accepted,          // first slot, last slot, ballot
  adopted,           // slot, ballot of the report, from
  proposed_again,    // slot, 1 = a no-op
  chosen,            // every slot up to here
  chosen_beyond,     // slot chosen behind a gap
  configuration,     // slot, voters, outgoing voters
  lease_given_up,    // round
  transfer,          // target, 1 = started, 2 = told to campaign, 3 = aborted, 4 = done
  read_round,        // round, number of reads
  snapshot_wanted,   // peer, base
  snapshot_install,  // index, ballot
  log_lost,          // index acknowledged, last slot without a gap before it
  ignored,           // sender, message kind: malformed or impossible
};

// Deliberate bugs, one of which a test or the simulator can plant to show that the checkers catch
// it. Never reachable from a server's configuration.
enum class Mutant : std::uint8_t {
  none = 0,
  promise_before_durable,        // a promise leaves before it is on disk (I-P1)
  ballot_not_durable,            // a ballot is used before it is on disk (I-P1)
  accept_below_promise,          // takes phase 2a of a ballot below its promise (I-P1)
  ack_before_durable,            // an acknowledgement leaves before its slots are on disk
  late_accepted,                 // answers to another ballot are counted (I-P5)
  highest_of_log,                // adopts the report with the highest ballot of all (I-P3)
  noop_over_report,              // a single report is not enough: proposes a no-op (I-P4)
  chosen_over_gap,               // the chosen prefix runs over slots that are not chosen (I-P4)
  trim_early,                    // drops slots before a quorum has applied them (I-P6)
  configuration_at_once,         // no window alpha (I-P6)
  lease_kept_in_transfer,        // lease reads go on after timeout_now (S8)
  promise_broken_on_reset,       // a broken connection ends the lease's promise (E5)
  promise_forgotten_on_restart,  // a restart does (E5)
  read_before_recovery,          // reads before what may have been chosen is chosen again (S10)
  lease_from_receipt,            // lease counts from the answer's arrival, no drift bound
  no_pre_prepare,                // stands for election without asking first (S7)
};

}  // namespace ostraka::protocol::multi_paxos
