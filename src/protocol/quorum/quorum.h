// How many are enough: majorities, joint majorities and flexible quorums as pure functions.
//
// "Value" stands for whatever rises: an acknowledged log index, a confirmed round, a promised time.
// Sources: Raft paper section 5.4 (majorities) and 6 (joint consensus); Howard, Malkhi, Spiegelman,
// "Flexible Paxos" (OPODIS 2016), section 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ostraka::protocol::quorum {

// The smallest number that is more than half of `members`; of nobody it is 1 (never reached).
[[nodiscard]] constexpr std::size_t majority(std::size_t members) { return members / 2 + 1; }

// The greatest value v such that at least `count` of `values` are >= v. Reorders `values`. 0 when
// fewer than `count` values exist; the greatest integer when `count` is 0.
[[nodiscard]] std::uint64_t value_held_by(std::span<std::uint64_t> values, std::size_t count);

// The greatest value that a majority has reached. Reorders `values`. Nobody has reached nothing: 0.
[[nodiscard]] std::uint64_t majority_value(std::span<std::uint64_t> values);

// The greatest value that a majority of `incoming` AND, if there are any, a majority of `outgoing`
// have reached.
[[nodiscard]] std::uint64_t joint_value(std::span<std::uint64_t> incoming,
                                        std::span<std::uint64_t> outgoing);

// joint_value() of what `of` says of each of `peers`, which know by their marks `incoming` and
// `outgoing` whose voters they are. `scratch` only saves the allocation.
template <typename Peer, typename Of>
[[nodiscard]] std::uint64_t joint_value_of(const std::vector<Peer>& peers, Of of,
                                           std::vector<std::uint64_t>& scratch) {
  scratch.clear();
  for (const Peer& peer : peers) {
    if (peer.incoming) {
      scratch.push_back(of(peer));
    }
  }
  const std::size_t incoming = scratch.size();
  for (const Peer& peer : peers) {
    if (peer.outgoing) {
      scratch.push_back(of(peer));
    }
  }
  const std::span<std::uint64_t> all(scratch);
  return joint_value(all.first(incoming), all.subspan(incoming));
}

enum class Outcome : std::uint8_t { pending, won, lost };

// A ballot of one electorate.
struct Tally {
  std::size_t voters = 0;
  std::size_t granted = 0;
  std::size_t refused = 0;
};

// lost = a majority cannot be reached any more. Nobody cannot win: an empty electorate is lost.
[[nodiscard]] Outcome majority_outcome(Tally tally);
// As above with any size of quorum.
[[nodiscard]] Outcome outcome(Tally tally, std::size_t needed);
// Won when both electorates are won, lost when either is lost; an empty `outgoing` does not count.
[[nodiscard]] Outcome joint_outcome(Tally incoming, Tally outgoing);

// Sizes of the two phases of a flexible quorum system: every quorum of phase 1 (election, read)
// must meet every quorum of phase 2 (replication, write).
struct Flexible {
  std::size_t members = 0;
  std::size_t phase1 = 0;
  std::size_t phase2 = 0;
};

// The sizes as configured; 0 = the smallest that is safe with the other one, both 0 = majorities.
[[nodiscard]] Flexible flexible(std::size_t members, std::size_t phase1, std::size_t phase2);

// Both phases can be reached and any two quorums of different phases intersect.
[[nodiscard]] bool is_safe(const Flexible& sizes);

}  // namespace ostraka::protocol::quorum
