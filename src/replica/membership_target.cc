#include "replica/membership_target.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::replica {
namespace {

using Members = std::vector<model::Member>;

bool clashes(const Members& members, const model::Member& member) {
  return std::any_of(members.begin(), members.end(), [&member](const model::Member& other) {
    return other.id == member.id || other.name == member.name ||
           other.peer_address == member.peer_address;
  });
}

Members::iterator find(Members& members, model::NodeId node) {
  return std::find_if(members.begin(), members.end(),
                      [node](const model::Member& member) { return member.id == node; });
}

void insert_sorted(Members& members, model::Member member) {
  const auto place =
      std::lower_bound(members.begin(), members.end(), member,
                       [](const model::Member& a, const model::Member& b) { return a.id < b.id; });
  members.insert(place, std::move(member));
}

base::Status check_settled(const model::Configuration& now) {
  if (now.is_joint()) {
    return base::fail(base::ErrorCode::membership_pending, "the configuration is joint");
  }
  return {};
}

}  // namespace

model::NodeId next_node_id(const model::Configuration& now) {
  model::NodeId::rep next = std::max<model::NodeId::rep>(now.next_id.value(), 1);
  for (const Members* members : {&now.voters, &now.voters_outgoing, &now.learners}) {
    if (!members->empty()) {
      next = std::max(next, members->back().id.value() + 1);
    }
  }
  return model::NodeId(next);
}

base::Result<Target> with_learner(const model::Configuration& now, const model::Member& member) {
  OSTRAKA_TRY(check_settled(now));
  if (clashes(now.voters, member) || clashes(now.learners, member)) {
    return base::fail(base::ErrorCode::already_exists, "a member has this id, name or address");
  }
  model::Configuration target = now;
  insert_sorted(target.learners, member);
  return std::make_shared<const model::Configuration>(std::move(target));
}

base::Result<Target> with_promoted(const model::Configuration& now, model::NodeId node) {
  OSTRAKA_TRY(check_settled(now));
  model::Configuration target = now;
  if (find(target.voters, node) != target.voters.end()) {
    return base::fail(base::ErrorCode::already_exists, "the member votes already");
  }
  const auto learner = find(target.learners, node);
  if (learner == target.learners.end()) {
    return base::fail(base::ErrorCode::not_found, "no such learner");
  }
  insert_sorted(target.voters, *learner);
  target.learners.erase(learner);
  return std::make_shared<const model::Configuration>(std::move(target));
}

base::Result<Target> without(const model::Configuration& now, model::NodeId node) {
  OSTRAKA_TRY(check_settled(now));
  model::Configuration target = now;
  target.next_id = next_node_id(now);
  if (const auto learner = find(target.learners, node); learner != target.learners.end()) {
    target.learners.erase(learner);
    return std::make_shared<const model::Configuration>(std::move(target));
  }
  const auto voter = find(target.voters, node);
  if (voter == target.voters.end()) {
    return base::fail(base::ErrorCode::not_found, "no such member");
  }
  if (target.voters.size() == 1) {
    return base::fail(base::ErrorCode::invalid_argument, "the last voter cannot be removed");
  }
  target.voters.erase(voter);
  return std::make_shared<const model::Configuration>(std::move(target));
}

}  // namespace ostraka::replica
