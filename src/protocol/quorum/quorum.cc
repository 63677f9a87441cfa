#include "protocol/quorum/quorum.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace ostraka::protocol::quorum {

std::uint64_t value_held_by(std::span<std::uint64_t> values, std::size_t count) {
  if (count == 0) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  if (count > values.size()) {
    return 0;
  }
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(values.begin(), nth, values.end(), std::greater<>());
  return *nth;
}

std::uint64_t majority_value(std::span<std::uint64_t> values) {
  return value_held_by(values, majority(values.size()));
}

std::uint64_t joint_value(std::span<std::uint64_t> incoming, std::span<std::uint64_t> outgoing) {
  const std::uint64_t reached = majority_value(incoming);
  return outgoing.empty() ? reached : std::min(reached, majority_value(outgoing));
}

Outcome outcome(Tally tally, std::size_t needed) {
  if (tally.granted >= needed) {
    return Outcome::won;
  }
  const std::size_t open = tally.voters - std::min(tally.voters, tally.granted + tally.refused);
  return tally.granted + open < needed ? Outcome::lost : Outcome::pending;
}

Outcome majority_outcome(Tally tally) { return outcome(tally, majority(tally.voters)); }

Outcome joint_outcome(Tally incoming, Tally outgoing) {
  const Outcome first = majority_outcome(incoming);
  if (outgoing.voters == 0) {
    return first;
  }
  const Outcome second = majority_outcome(outgoing);
  if (first == Outcome::lost || second == Outcome::lost) {
    return Outcome::lost;
  }
  return first == Outcome::won && second == Outcome::won ? Outcome::won : Outcome::pending;
}

Flexible flexible(std::size_t members, std::size_t phase1, std::size_t phase2) {
  const auto rest = [members](std::size_t other) {
    return other > members ? 0 : members + 1 - other;
  };
  if (phase1 == 0 && phase2 == 0) {
    return {members, majority(members), majority(members)};
  }
  return {members, phase1 == 0 ? rest(phase2) : phase1, phase2 == 0 ? rest(phase1) : phase2};
}

bool is_safe(const Flexible& sizes) {
  const bool reachable = sizes.phase1 >= 1 && sizes.phase1 <= sizes.members && sizes.phase2 >= 1 &&
                         sizes.phase2 <= sizes.members;
  return reachable && sizes.phase1 + sizes.phase2 > sizes.members;
}

}  // namespace ostraka::protocol::quorum
