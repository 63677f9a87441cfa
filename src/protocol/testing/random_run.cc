#include "protocol/testing/random_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

namespace ostraka::protocol::testing {
namespace {

ClusterOptions options_of(const EngineProbe& engine, std::uint64_t seed, std::size_t mutant,
                          base::Prng& prng) {
  ClusterOptions options;
  options.engine = &engine;
  options.seed = seed;
  options.mutant = mutant;
  options.voters = 3 + static_cast<std::uint32_t>(prng.below(3));
  options.spares = static_cast<std::uint32_t>(prng.below(3));
  options.drift_per_mille = static_cast<std::uint32_t>(prng.below(11));
  options.loss_per_mille = prng.chance(1, 2) ? static_cast<std::uint32_t>(prng.below(100)) : 0;
  options.duplicate_per_mille = prng.chance(1, 2) ? static_cast<std::uint32_t>(prng.below(100)) : 0;
  options.delay_max_us = prng.chance(1, 4) ? 60'000 : 3'000;
  options.disk_max_us = prng.chance(1, 4) ? 50'000 : 2'000;
  options.settings.max_message_bytes = 32;
  options.settings.max_in_flight_bytes = 128;
  options.settings.max_in_flight_messages = 4;
  options.settings.max_uncommitted_bytes = 4096;
  options.settings.trace = true;
  if (prng.chance(1, 3)) {
    // Nearer to the edge of what the lease allows.
    options.settings.election_timeout_min = base::Duration::milliseconds(300);
    options.settings.election_timeout_max = base::Duration::milliseconds(400);
  }
  return options;
}

// What a seed concentrates on.
enum class Focus : std::uint8_t { everything, leases, elections };

class Driver {
 public:
  Driver(const EngineProbe& engine, std::uint64_t seed, std::size_t mutant, bool verbose)
      : prng_(seed * 0x9e3779b97f4a7c15ULL + 1),
        focus_(static_cast<Focus>(seed % 3)),
        options_(options_of(engine, seed, mutant, prng_)),
        voters_(options_.voters),
        cluster_(options_) {
    if (verbose) {
      cluster_.enable_log();
    }
  }

  RunResult run() {
    cluster_.start();
    for (int i = 0; i < 150 && !over_ && !cluster_.violation(); ++i) {
      act();
      cluster_.run_for(prng_.chance(1, 5) ? prng_.between(1000, 400'000)
                                          : prng_.between(100, 30'000));
    }
    RunResult result;
    result.violation = cluster_.violation() ? cluster_.violation() : quiet_end();
    result.counters = cluster_.counters();
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      result.hash = result.hash * 31 + cluster_.node_of(id).state_hash;
    }
    for (const std::string& line : cluster_.log()) {
      fmt::print("{}\n", line);
    }
    return result;
  }

 private:
  std::uint32_t any() { return 1 + static_cast<std::uint32_t>(prng_.below(cluster_.size())); }
  std::uint32_t leader_or_any() {
    const std::uint32_t leader = cluster_.leader();
    return leader == 0 || prng_.chance(1, 10) ? any() : leader;
  }

  void act() {
    const std::uint64_t dice = prng_.below(100);
    if (focus_ == Focus::elections && dice >= 30 && prng_.chance(1, 20)) {
      election_storm();
      return;
    }
    if (focus_ == Focus::leases && dice >= 30 && prng_.chance(1, 6)) {
      lease_storm();
      return;
    }
    if (dice < 30) {
      for (std::uint64_t i = prng_.below(6); i > 0; --i) {
        cluster_.propose(leader_or_any(), static_cast<std::uint32_t>(prng_.below(40)));
      }
    } else if (dice < 48) {
      cluster_.read(prng_.chance(1, 2) ? leader_or_any() : any());
    } else if (dice < 56) {
      crash_or_restart();
    } else if (dice < 66) {
      network();
    } else if (dice < 72) {
      cluster_.transfer(leader_or_any(), any());
    } else if (dice < 80) {
      change();
    } else if (dice < 86) {
      const std::uint32_t node = any();
      const std::uint64_t keep = prng_.below(4);
      if (options_.engine->can.snapshots) {
        cluster_.compact(node, keep);
      }
    } else if (dice < 92) {
      const std::uint32_t leader = cluster_.leader();
      if (leader != 0) {
        cluster_.unreachable(any(), leader);
      }
    } else if (dice < 95) {
      cluster_.campaign(any());
    } else if (dice < 96) {
      cluster_.step_down(any());
    } else {
      cluster_.heal();
      for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
        cluster_.restart(id);
      }
    }
  }

  void crash_or_restart() {
    const std::uint32_t node = prng_.chance(1, 2) ? leader_or_any() : any();
    if (cluster_.protocol_of(node) == nullptr) {
      cluster_.restart(node);
      return;
    }
    cluster_.crash(node);
    if (prng_.chance(1, 2)) {
      cluster_.restart(node);
    }
  }

  void network() {
    if (prng_.chance(1, 3)) {
      cluster_.heal();
      return;
    }
    if (prng_.chance(1, 3)) {  // one link, one way
      cluster_.cut(any(), any());
      return;
    }
    for (std::uint32_t a = 1; a <= cluster_.size(); ++a) {
      sides_[a] = prng_.chance(1, 2);
    }
    for (std::uint32_t a = 1; a <= cluster_.size(); ++a) {
      for (std::uint32_t b = 1; b <= cluster_.size(); ++b) {
        if (sides_[a] != sides_[b]) {
          cluster_.cut(a, b);
        }
      }
    }
  }

  // A live leader under reads loses its links, or its voters, and somebody campaigns at once.
  void lease_storm() {
    const std::uint32_t leader = cluster_.leader();
    if (leader == 0) {
      cluster_.run_for(prng_.between(100'000, 900'000));
      return;
    }
    cluster_.propose(leader);
    cluster_.run_for(prng_.between(20'000, 200'000));
    const std::uint64_t how = prng_.below(4);
    const bool both_ways = how != 3 && prng_.chance(1, 2);
    if (how == 3) {  // answers that take long
      cluster_.hold(0, leader, options_.engine->promise_kind);
      cluster_.run_for(prng_.between(40'000, 60'000));
    }
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      if (id == leader) {
        continue;
      }
      cluster_.cut(leader, id);
      if (both_ways) {
        cluster_.cut(id, leader);
      }
      if (how == 1) {
        cluster_.crash(id);
        cluster_.restart(id);
      }
    }
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      if (id != leader && (how == 0 || how == 3)) {
        cluster_.unreachable(id, leader);
      } else if (id != leader && how == 1 && prng_.chance(1, 2)) {
        cluster_.campaign(id);
      }
    }
    const std::int64_t moments = prng_.between(10, 100);
    for (std::int64_t i = moments; i > 0; --i) {
      cluster_.run_for(prng_.between(1'000, 8'000));
      cluster_.read(leader);
      if (how == 3 && i == moments / 2) {
        cluster_.release();  // they arrive, and nothing else does any more
        cluster_.run_for(4'000);
        isolate(leader);
      }
      if (how == 2 && prng_.chance(1, 3)) {
        cluster_.campaign(any());
      }
    }
    cluster_.release();
    cluster_.heal();
    cluster_.run_for(prng_.between(100'000, 900'000));
  }

  void isolate(std::uint32_t node) {
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      cluster_.cut(node, id);
      cluster_.cut(id, node);
    }
  }

  // A follower raises its term alone, another one gets more entries, then the leader dies: the
  // terms and the lengths of the logs disagree.
  void election_storm() {
    const std::uint32_t leader = cluster_.leader();
    const std::uint32_t other = any();
    if (leader == 0 || other == leader) {
      cluster_.run_for(prng_.between(100'000, 900'000));
      return;
    }
    isolate(leader);
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      cluster_.unreachable(id, leader);
    }
    cluster_.run_for(prng_.between(255'000, 300'000));
    cluster_.campaign(other);
    cluster_.run_for(prng_.between(1'000, 6'000));
    cluster_.heal();
    isolate(other);
    cluster_.propose(leader);
    cluster_.run_for(prng_.between(5'000, 100'000));
    cluster_.crash(leader);
    over_ = prng_.chance(1, 2);
  }

  void change() {
    if (focus_ == Focus::elections || !options_.engine->can.membership) {
      return;
    }
    const std::uint32_t leader = leader_or_any();
    const Protocol* protocol = cluster_.protocol_of(leader);
    if (protocol == nullptr) {
      return;
    }
    std::vector<std::uint32_t> voters;
    std::vector<std::uint32_t> learners;
    const bool joint = prng_.chance(1, 3) && options_.engine->can.joint;
    const std::uint32_t flip = any();
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      const auto& now = protocol->configuration().voters;
      bool in = std::any_of(now.begin(), now.end(),
                            [id](const model::Member& m) { return m.id.value() == id; });
      in = joint ? prng_.chance(2, 3) : (id == flip ? !in : in);
      if (in) {
        voters.push_back(id);
      } else if (prng_.chance(1, 2)) {
        learners.push_back(id);
      }
    }
    cluster_.change(leader, make_configuration(voters, learners), joint);
  }

  // Heal everything; then L1: a leader, a committed write, equal voters.
  std::optional<std::string> quiet_end() {
    cluster_.heal();
    cluster_.release();
    // Where the membership never changed any majority must do: some of the dead stay so.
    std::uint64_t dead = focus_ == Focus::elections ? prng_.below((voters_ + 1) / 2) : 0;
    for (std::uint32_t id = 1; id <= cluster_.size(); ++id) {
      const bool stays = dead > 0 && id <= voters_ && cluster_.protocol_of(id) == nullptr;
      dead -= stays ? 1 : 0;
      if (!stays) {
        cluster_.restart(id);
      }
    }
    for (int i = 0; i < 20 && !cluster_.violation(); ++i) {
      cluster_.run_for(500'000);
      const std::uint32_t leader = cluster_.leader();
      if (leader == 0) {
        continue;
      }
      const std::uint64_t before = cluster_.protocol_of(leader)->status().commit.value();
      cluster_.propose(leader);
      cluster_.run_for(1'000'000);
      if (cluster_.leader() == leader && settled(leader, before)) {
        return cluster_.violation();
      }
    }
    return cluster_.violation() ? cluster_.violation()
                                : std::optional<std::string>("L1: no progress at the quiet end");
  }

  bool settled(std::uint32_t leader, std::uint64_t before) {
    Cluster::Node& node = cluster_.node_of(leader);
    if (node.protocol->status().commit.value() <= before) {
      return false;
    }
    const auto& voters = node.protocol->configuration().voters;
    return std::all_of(voters.begin(), voters.end(), [&](const model::Member& member) {
      const Cluster::Node& other = cluster_.node_of(member.id.value());
      return other.protocol == nullptr ||
             (other.applied == node.applied && other.state_hash == node.state_hash);
    });
  }

  base::Prng prng_;
  const Focus focus_;
  const ClusterOptions options_;
  const std::uint32_t voters_;
  bool over_ = false;
  Cluster cluster_;
  bool sides_[32] = {};
};

}  // namespace

RunResult random_run(const EngineProbe& engine, std::uint64_t seed, std::size_t mutant,
                     bool verbose) {
  return Driver(engine, seed, mutant, verbose).run();
}

RunResult random_runs(const EngineProbe& engine, std::uint64_t seeds) {
  RunResult sum;
  for (std::uint64_t seed = 1; seed <= seeds && !sum.violation; ++seed) {
    const RunResult result = random_run(engine, seed);
    sum.counters += result.counters;
    if (result.violation) {
      sum.violation = fmt::format("seed {}: {}", seed, *result.violation);
    }
  }
  return sum;
}

std::optional<Caught> catch_mutant(const EngineProbe& engine, std::size_t mutant,
                                   std::uint64_t seeds_max) {
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    if (const RunResult result = random_run(engine, seed, mutant); result.violation) {
      return Caught{seed, *result.violation};
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> wanted_number(const char* variable) {
  const char* wanted = std::getenv(variable);
  return wanted == nullptr ? std::nullopt : std::optional(std::strtoull(wanted, nullptr, 10));
}

}  // namespace ostraka::protocol::testing
