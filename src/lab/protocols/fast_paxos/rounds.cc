#include "lab/protocols/fast_paxos/rounds.h"

#include <algorithm>

namespace ostraka::lab::fast {
namespace {

// How often each value was voted for in the highest round that occurs.
std::map<std::string, std::size_t> latest_counts(const Votes& votes) {
  std::int64_t round = 0;
  std::map<std::string, std::size_t> counts;
  for (const auto& [acceptor, vote] : votes) {
    if (vote.round > round) {
      round = vote.round;
      counts.clear();
    }
    if (vote.round == round && round != 0) {
      ++counts[vote.value];
    }
  }
  return counts;
}

}  // namespace

Cast::Cast(const Parameters& parameters)
    : proposers(static_cast<std::uint32_t>(parameters["proposers"])),
      coordinators(static_cast<std::uint32_t>(parameters["coordinators"])),
      acceptors(static_cast<std::uint32_t>(parameters["acceptors"])),
      f(static_cast<std::uint32_t>(parameters["f"])),
      e(static_cast<std::uint32_t>(parameters["e"])),
      recovery(static_cast<Recovery>(parameters["recovery"])) {}

ProcessId Cast::owner_of(std::int64_t round) const {
  const std::int64_t turn = std::max<std::int64_t>(round - kFirstFreeRound, 0) % coordinators;
  return coordinator(static_cast<std::uint32_t>(turn));
}

bool may_be_chosen(std::size_t count, const Votes& votes, const Cast& cast) {
  return count + cast.acceptors - votes.size() >= cast.fast_quorum();
}

std::optional<std::string> pick(const Votes& votes) {
  const std::map<std::string, std::size_t> counts = latest_counts(votes);
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
  return most == counts.end() ? std::nullopt : std::optional(most->first);
}

bool is_collision(const Votes& votes, const Cast& cast) {
  return std::ranges::none_of(latest_counts(votes), [&](const auto& each) {
    return may_be_chosen(each.second, votes, cast);
  });
}

bool Tally::add(ProcessId acceptor, const Vote& vote) {
  std::set<ProcessId>& same = votes_[{vote.round, vote.value}];
  return same.insert(acceptor).second && same.size() == cast_.quorum(vote.round);
}

}  // namespace ostraka::lab::fast
