#include "sim/faults.h"

#include "sim/internal/compound_faults.h"
#include "sim/internal/log_damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <utility>

namespace ostraka::sim {
namespace {

using base::Duration;
using Words = std::vector<std::string>;

std::int64_t number_at(const Words& words, std::size_t at, std::int64_t otherwise) {
  if (at >= words.size()) {
    return otherwise;
  }
  std::int64_t value = otherwise;
  std::from_chars(words[at].data(), words[at].data() + words[at].size(), value);
  return value;
}

std::string text_of(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

// The machines that a word names now.
std::vector<std::string> resolve(World& world, const std::string& who) {
  const std::vector<std::string>& names = world.names();
  if (who == "all") {
    return names;
  }
  if (who == "random") {
    return {names[world.prng().below(names.size())]};
  }
  std::string leader = world.leader();
  if (leader.empty()) {
    leader = names.front();
  }
  if (who == "leader") {
    return {leader};
  }
  if (who == "follower" || who == "others") {
    std::vector<std::string> others;
    std::ranges::copy_if(names, std::back_inserter(others),
                         [&leader](const std::string& name) { return name != leader; });
    if (who == "follower" && !others.empty()) {
      others.resize(1);
    }
    return others;
  }
  if (std::ranges::find(names, who) != names.end()) {
    return {who};
  }
  return {};
}

void set_disk(World& world, const std::string& name, const Words& words) {
  sim_ports::SimDisk& disk = world.machine(name).disk();
  const std::string& what = words[2];
  if (what == "full") {
    disk.set_capacity(disk.used_bytes());
    world.mark("disk_full");
  } else if (what == "low") {
    // Inside the reserve, above the half that removals may use.
    disk.set_capacity(disk.used_bytes() + (store::Options{}.disk_reserve_bytes * 3 / 4));
    world.mark("disk_low");
  } else if (what == "free") {
    disk.set_capacity(sim_ports::SimDisk::kUnlimited);
  } else if (what == "slow") {
    disk.faults().extra_latency = Duration::milliseconds(number_at(words, 3, 100));
  } else if (what == "fail_sync") {
    disk.faults().fail_sync_in = static_cast<std::uint64_t>(number_at(words, 3, 1));
    world.mark("fail_sync");
  } else if (what == "fail_writes") {
    disk.faults().fail_writes = true;
  } else if (what == "heal") {
    disk.faults() = {};
  }
}

void transfer(World& world, const std::string& to) {
  const std::string leader = world.leader();
  if (leader.empty() || leader == to) {
    return;
  }
  replica::Replica* replica = world.machine(leader).node()->store()->find(model::ShardId{1});
  const auto found = std::ranges::find(world.names(), to);
  const auto id = static_cast<std::uint32_t>(found - world.names().begin() + 1);
  world.mark("transfer");
  replica->transfer_leadership(model::NodeId{id}, [](const base::Status&) {});
}

void on_one(World& world, const std::string& name, const Words& words) {
  const std::string& what = words[0];
  world.tell_fault(name, text_of(words));
  if (what == "crash") {
    const bool power = words.size() > 2 && words[2] == "power";
    world.crash(name, power ? CrashKind::power : CrashKind::process);
  } else if (what == "restart") {
    world.start(name);
  } else if (what == "bounce") {
    world.crash(name, CrashKind::process);
    world.start(name);
  } else if (what == "pause") {
    world.pause(name, Duration::milliseconds(number_at(words, 2, 500)));
  } else if (what == "isolate") {
    world.cut({name}, world.names());
  } else if (what == "transfer") {
    transfer(world, name);
  } else if (what == "wipe") {
    world.wipe(name);
  } else if (what == "retire") {
    world.retire(name);
  } else if (what == "clock" && words.size() > 3 && words[2] == "jump") {
    world.machine(name).clock().jump_wall(Duration::milliseconds(number_at(words, 3, 0)));
  } else if (what == "clock" && words.size() > 3 && words[2] == "rate") {
    world.machine(name).clock().set_rate(world.now(), number_at(words, 3, 1000));
  } else if (what == "disk" && words.size() > 2) {
    set_disk(world, name, words);
  } else if (what == "rot" && words.size() > 3) {
    if (world.machine(name).disk().rot(words[2],
                                       static_cast<std::uint64_t>(number_at(words, 3, 0)))) {
      world.mark("rot");
    }
  }
}

void on_pair(World& world, const Words& words) {
  const std::vector<std::string> from = resolve(world, words[1]);
  const std::vector<std::string> to = resolve(world, words[2]);
  for (const std::string& a : from) {
    for (const std::string& b : to) {
      if (a == b) {
        continue;
      }
      world.tell_fault(a, text_of(words));
      if (words[0] == "cut") {
        world.cut({a}, {b});
      } else if (words[0] == "cut_one_way") {
        world.fabric().cut_one_way(a, b);
      } else if (words[0] == "reset") {
        world.fabric().reset_connections(a, b);
      } else if (words[0] == "reject") {
        world.fabric().reject(a, b);
      } else if (words[0] == "firewall") {
        world.fabric().reject(a, b);
        world.fabric().reject(b, a);
      } else {
        world.fabric().slow(a, b, Duration::milliseconds(number_at(words, 3, 100)));
      }
    }
  }
}

// What ends a random fault again.
void undo_later(World& world, const Words& undo, std::int64_t after_ms) {
  world.scheduler().schedule(world.now() + Duration::milliseconds(after_ms), sim_ports::OwnerId{},
                             [&world, undo] { static_cast<void>(carry_out(world, undo)); });
}

// Faults without a machine of their own.
bool strike_compound(World& world, const std::string& kind) {
  if (kind == "lose_replies") {
    internal::lose_replies(world);
  } else if (kind == "member") {
    internal::change_membership(world);
  } else if (kind == "crash_committed") {
    internal::crash_committed(world);
  } else if (kind == "unknown_entry") {
    internal::propose_unknown_entry(world);
  } else {
    return false;
  }
  return true;
}

void random_fault(World& world, const std::string& kind) {
  if (strike_compound(world, kind)) {
    return;
  }
  base::Prng& prng = world.prng();
  const std::vector<std::string>& names = world.names();
  const std::string a =
      prng.chance(1, 2) ? resolve(world, "leader").front() : names[prng.below(names.size())];
  const std::string b = names[prng.below(names.size())];
  const std::int64_t while_ms = prng.between(50, 2500);
  const std::map<std::string, std::pair<Words, Words>> known{
      {"crash", {{"crash", a, "process"}, {"restart", a}}},
      {"bounce", {{"bounce", b}, {}}},
      {"power", {{"crash", a, "power"}, {"restart", a}}},
      {"power_all", {{"crash", "all", "power"}, {"restart", "all"}}},
      {"pause", {{"pause", a, std::to_string(while_ms)}, {}}},
      {"cut", {{"cut", a, b}, {"heal"}}},
      {"isolate", {{"isolate", a}, {"heal"}}},
      {"one_way", {{"cut_one_way", a, b}, {"heal"}}},
      {"reset", {{"reset", a, b}, {}}},
      {"firewall", {{"firewall", a, b}, {"heal"}}},
      {"firewall_all", {{"firewall", a, "all"}, {"heal"}}},
      {"transfer", {{"transfer", b}, {}}},
      {"slow_disk",
       {{"disk", a, "slow", std::to_string(prng.between(5, 200))}, {"disk", a, "heal"}}},
      {"full_disk", {{"disk", a, "full"}, {"disk", a, "free"}}},
      {"fail_sync",
       {{"disk", a, "fail_sync", std::to_string(prng.between(1, 20))}, {"disk", a, "heal"}}},
      {"clock_jump", {{"clock", a, "jump", std::to_string(prng.between(-5000, 5000))}, {}}},
      {"clock_rate", {{"clock", a, "rate", std::to_string(prng.between(995, 1005))}, {}}},
      {"damage", {{"damage", a, prng.chance(1, 2) ? "middle" : "tail"}, {}}},
  };
  const auto found = known.find(kind);
  if (found == known.end()) {
    world.fail("the scenario names an unknown random fault '" + kind + "'");
    return;
  }
  world.mark("fault_" + kind);
  static_cast<void>(carry_out(world, found->second.first));
  if (!found->second.second.empty()) {
    undo_later(world, found->second.second, while_ms);
  }
}

void next_random_fault(World& world, const RandomFaults& faults) {
  const std::int64_t mean = faults.every.as_milliseconds();
  const Duration wait = Duration::milliseconds(world.prng().between(mean / 4, mean * 7 / 4));
  const base::Instant at = world.now() + wait;
  if (at > base::Instant{} + faults.until) {
    return;
  }
  world.scheduler().schedule(at, sim_ports::OwnerId{}, [&world, faults] {
    random_fault(world, faults.kinds[world.prng().below(faults.kinds.size())]);
    next_random_fault(world, faults);
  });
}

}  // namespace

base::Status carry_out(World& world, const std::vector<std::string>& words) {
  world.note("fault: " + text_of(words));
  static const std::vector<std::string> kPairs{"cut",    "cut_one_way", "reset",
                                               "reject", "firewall",    "slow_link"};
  static const std::vector<std::string> kSingles{"crash",   "restart",  "bounce", "pause",
                                                 "isolate", "transfer", "clock",  "disk",
                                                 "rot",     "wipe",     "damage", "retire"};
  if (words.empty()) {
    return base::fail(base::ErrorCode::invalid_argument, "no fault named");
  }
  if (words[0] == "heal") {
    world.heal_all();
    return {};
  }
  if (strike_compound(world, words[0])) {
    return {};
  }
  if (std::ranges::find(kPairs, words[0]) != kPairs.end() && words.size() >= 3) {
    on_pair(world, words);
    return {};
  }
  if (std::ranges::find(kSingles, words[0]) != kSingles.end() && words.size() >= 2) {
    const std::vector<std::string> targets = resolve(world, words[1]);
    if (targets.empty()) {
      return base::fail(base::ErrorCode::invalid_argument, "no machine '" + words[1] + "'");
    }
    for (const std::string& name : targets) {
      if (words[0] == "damage") {
        OSTRAKA_TRY(internal::damage_log(world, name, words.size() > 2 ? words[2] : std::string()));
      } else {
        on_one(world, name, words);
      }
    }
    return {};
  }
  return base::fail(base::ErrorCode::invalid_argument, "unknown fault '" + words[0] + "'");
}

void strike(World& world, const std::string& kind) { random_fault(world, kind); }

void schedule_random_faults(World& world, const RandomFaults& faults) {
  world.scheduler().schedule(base::Instant{} + faults.from, sim_ports::OwnerId{},
                             [&world, faults] { next_random_fault(world, faults); });
}

}  // namespace ostraka::sim
