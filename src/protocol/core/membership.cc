#include "protocol/core/membership.h"

#include <algorithm>

namespace ostraka::protocol {
namespace {

using Members = std::vector<model::Member>;

bool is_sorted_set(const Members& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].id.is_none() || (i > 0 && members[i - 1].id >= members[i].id)) {
      return false;
    }
  }
  return true;
}

std::size_t missing_in(const Members& from, const Members& in) {
  return static_cast<std::size_t>(std::count_if(
      from.begin(), from.end(),
      [&in](const model::Member& member) { return find_member(in, member.id) == nullptr; }));
}

}  // namespace

const model::Member* find_member(const Members& members, model::NodeId id) {
  const auto at = std::find_if(members.begin(), members.end(),
                               [id](const model::Member& member) { return member.id == id; });
  return at == members.end() ? nullptr : &*at;
}

bool is_proper(const model::Configuration& target) {
  if (target.voters.empty() || target.is_joint() || !is_sorted_set(target.voters) ||
      !is_sorted_set(target.learners)) {
    return false;
  }
  return std::none_of(target.learners.begin(), target.learners.end(),
                      [&target](const model::Member& learner) {
                        return find_member(target.voters, learner.id) != nullptr;
                      });
}

bool keeps_identities(const Members& before, const Members& after) {
  return std::all_of(after.begin(), after.end(), [&before](const model::Member& member) {
    const model::Member* earlier = find_member(before, member.id);
    return earlier == nullptr || earlier->incarnation.is_none() ||
           earlier->incarnation == member.incarnation;
  });
}

std::size_t difference(const Members& a, const Members& b) {
  return missing_in(a, b) + missing_in(b, a);
}

bool is_sole_voter(const model::Configuration& configuration, model::NodeId id) {
  return !configuration.is_joint() && configuration.voters.size() == 1 &&
         configuration.voters.front().id == id;
}

bool may_still_vote(const std::vector<ConfigurationAt>& known, model::LogIndex committed,
                    model::NodeId id) {
  for (std::size_t i = known.size(); i-- > 0;) {
    const model::Configuration& each = *known[i].configuration;
    if (find_member(each.voters, id) != nullptr ||
        find_member(each.voters_outgoing, id) != nullptr) {
      return true;
    }
    if (known[i].index <= committed) {
      break;
    }
  }
  return false;
}

bool may_follow(const model::Configuration& before, const model::Configuration& after) {
  if (!before.is_joint() && !after.is_joint()) {
    return difference(before.voters, after.voters) <= 1;
  }
  if (!before.is_joint()) {
    return difference(before.voters, after.voters_outgoing) == 0;
  }
  return !after.is_joint() && difference(before.voters, after.voters) == 0;
}

}  // namespace ostraka::protocol
