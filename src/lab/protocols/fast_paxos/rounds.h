// Who is who in Fast Paxos, which round is of which kind, how many acceptors make a quorum, and the
// rule by which a round picks its value.
//
// Rounds: 1 is fast and belongs to the first coordinator, as do 2 and 3, which a collision may need
// without a new phase 1; from 4 on rounds are classic, and the coordinators have them in turn.
// Threads: pure functions and values.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace ostraka::lab::fast {

enum class Recovery : std::uint8_t { start_over, coordinated, uncoordinated };  // as the choices

inline constexpr std::int64_t kFirstFreeRound = 4;

struct Cast {
  std::uint32_t proposers = 0;
  std::uint32_t coordinators = 0;
  std::uint32_t acceptors = 0;
  std::uint32_t f = 0;  // a classic round bears so many acceptors that are down
  std::uint32_t e = 0;  // a fast round so many
  Recovery recovery = Recovery::coordinated;

  explicit Cast(const Parameters& parameters);
  // Proposers come first, then coordinators, then acceptors.
  [[nodiscard]] ProcessId coordinator(std::uint32_t i) const {
    return ProcessId{proposers + i + 1};
  }
  [[nodiscard]] ProcessId acceptor(std::uint32_t i) const {
    return ProcessId{proposers + coordinators + i + 1};
  }
  [[nodiscard]] bool is_fast(std::int64_t round) const {
    return round == 1 || (recovery == Recovery::uncoordinated && round < kFirstFreeRound);
  }
  [[nodiscard]] ProcessId owner_of(std::int64_t round) const;
  [[nodiscard]] std::size_t classic_quorum() const { return acceptors - f; }
  [[nodiscard]] std::size_t fast_quorum() const { return acceptors - e; }
  [[nodiscard]] std::size_t quorum(std::int64_t round) const {
    return is_fast(round) ? fast_quorum() : classic_quorum();
  }
};

// An acceptor's latest; round 0: none yet.
struct Vote {
  std::int64_t round = 0;
  std::string value;
};
using Votes = std::map<ProcessId, Vote>;

// Those that say v, and those that were not heard, are a fast quorum: v may be chosen (O4).
[[nodiscard]] bool may_be_chosen(std::size_t count, const Votes& votes, const Cast& cast);
// What a new round must propose, given the latest vote of each acceptor of a classic quorum; none:
// whatever it likes. Of several values of one fast round that is the one that may be chosen. If
// there is one it has the most votes; if there is none any value will do, and everybody picks alike
// from the same votes.
[[nodiscard]] std::optional<std::string> pick(const Votes& votes);
// The votes of this fast round leave no value that may be chosen in it.
[[nodiscard]] bool is_collision(const Votes& votes, const Cast& cast);

// Counts votes until a value is chosen.
class Tally {
 public:
  explicit Tally(const Cast& cast) : cast_(cast) {}
  // True when this vote makes its value chosen.
  bool add(ProcessId acceptor, const Vote& vote);

 private:
  Cast cast_;
  std::map<std::pair<std::int64_t, std::string>, std::set<ProcessId>> votes_;
};

}  // namespace ostraka::lab::fast
