#include "sim/internal/compound_faults.h"

#include "replica/membership_target.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace ostraka::sim::internal {
namespace {

using base::Duration;

void later(World& world, std::int64_t after_ms, port::Closure closure) {
  world.scheduler().schedule(world.now() + Duration::milliseconds(after_ms), sim_ports::OwnerId{},
                             std::move(closure));
}

replica::Replica* leading_replica(World& world) {
  const std::string leader = world.leader();
  return leader.empty() ? nullptr : world.machine(leader).node()->store()->find(model::ShardId{1});
}

// Until somebody leads and takes the change.
void promote_learners(World& world) {
  replica::Replica* leader = leading_replica(world);
  if (leader != nullptr) {
    const model::Configuration& now = leader->protocol().configuration();
    if (!now.is_joint() && now.learners.empty()) {
      return;
    }
    if (!now.is_joint()) {
      const auto target = replica::with_promoted(now, now.learners.front().id);
      if (target.has_value()) {
        leader->change_membership(*target, false, [](const base::Status&) {});
      }
    }
  }
  later(world, 200, [&world] { promote_learners(world); });
}

constexpr int kLooksMax = 2000;

// Until the leader of now has committed something behind `last`.
void crash_when_committed(World& world, const std::string& leader, model::LogIndex last,
                          int looks) {
  if (looks == 0 || world.leader() != leader) {
    return;
  }
  const replica::Replica* replica = world.machine(leader).node()->store()->find(model::ShardId{1});
  if (replica->status().protocol.commit > last) {
    world.mark("crashed_before_reply");
    world.crash(leader, CrashKind::process);
    later(world, 300, [&world, leader] { world.start(leader); });
    return;
  }
  world.scheduler().schedule(
      world.now() + Duration::microseconds(20), sim_ports::OwnerId{},
      [&world, leader, last, looks] { crash_when_committed(world, leader, last, looks - 1); });
}

}  // namespace

void crash_committed(World& world) {
  const std::string leader = world.leader();
  if (const replica::Replica* replica = leading_replica(world); replica != nullptr) {
    crash_when_committed(world, leader, replica->status().protocol.last_index, kLooksMax);
  }
}

void lose_replies(World& world) {
  const std::string leader = world.leader();
  const std::vector<std::string>& names = world.names();
  if (leader.empty() || names.size() < 3) {
    return;
  }
  std::string gateway = names[world.prng().below(names.size())];
  while (gateway == leader) {
    gateway = names[world.prng().below(names.size())];
  }
  world.mark("replies_lost");
  world.fabric().cut_one_way(leader, gateway);
  const std::int64_t crash_ms = world.prng().between(5, 120);
  const std::int64_t away_ms = world.prng().between(500, 3000);
  later(world, crash_ms, [&world, leader, gateway] {
    world.crash(leader, CrashKind::process);
    world.cut({gateway}, world.names());
  });
  later(world, crash_ms + 300, [&world, leader] { world.start(leader); });
  later(world, crash_ms + away_ms, [&world] { world.heal_all(); });
}

void change_membership(World& world) {
  replica::Replica* leader = leading_replica(world);
  if (leader == nullptr) {
    return;
  }
  const model::Configuration& now = leader->protocol().configuration();
  if (now.is_joint() || !now.learners.empty() || now.voters.size() < 3) {
    return;
  }
  auto target = std::make_shared<model::Configuration>(now);
  const auto gone = std::ranges::find_if(target->voters, [&world](const model::Member& member) {
    return member.name != world.leader();
  });
  target->learners.push_back(*gone);
  target->voters.erase(gone);
  world.mark("membership_changed");
  leader->change_membership(std::move(target), true, [](const base::Status&) {});
  later(world, 600, [&world] { promote_learners(world); });
}

void propose_unknown_entry(World& world) {
  replica::Replica* leader = leading_replica(world);
  if (leader != nullptr && world.is_next_version(world.leader()) &&
      leader->request_state_hash().has_value()) {
    world.mark("unknown_entry");
    return;
  }
  later(world, 200, [&world] { propose_unknown_entry(world); });
}

}  // namespace ostraka::sim::internal
