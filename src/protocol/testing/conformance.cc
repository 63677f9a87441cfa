#include "protocol/testing/conformance.h"

#include "base/result.h"
#include "protocol/testing/cluster.h"
#include "protocol/testing/random_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace ostraka::protocol::testing {
namespace {

constexpr std::int64_t kMillisecond = 1000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::uint64_t kRandomSeeds = 30;

ClusterOptions of(const EngineProbe& engine, std::uint32_t voters = 3, std::uint32_t spares = 0) {
  ClusterOptions options;
  options.engine = &engine;
  options.voters = voters;
  options.spares = spares;
  options.drift_per_mille = 5;
  return options;
}

// A cluster that runs, and what went wrong with it.
class Stage {
 public:
  explicit Stage(const ClusterOptions& options) : cluster(options) { cluster.start(); }

  void expect(bool holds, std::string otherwise) {
    if (!holds) {
      verdict_.failures.push_back(std::move(otherwise));
    }
  }
  void missing(std::string what) { verdict_.missing = std::move(what); }

  bool until(const std::function<bool()>& holds, const std::string& what) {
    for (int i = 0; i < 1000 && !cluster.violation(); ++i) {
      if (holds()) {
        return true;
      }
      cluster.run_for(10 * kMillisecond);
    }
    expect(false, "not in 10 s: " + what);
    return false;
  }

  // A leader that the majority follows: something of its own is committed. Not every engine opens a
  // term with an entry of its own.
  std::uint32_t elect() {
    std::uint32_t asked = 0;
    until(
        [this, &asked] {
          const std::uint32_t now = cluster.leader();
          if (now != 0 && now != asked) {
            asked = now;
            cluster.propose(now);
          }
          return now != 0 && status(now).commit > model::LogIndex{} &&
                 cluster.protocol_of(now)->term_at(status(now).commit) == status(now).term;
        },
        "a leader that has committed in its own term");
    return cluster.leader();
  }
  ProtocolStatus status(std::uint32_t node) { return cluster.protocol_of(node)->status(); }
  // Proposes at whoever leads, and waits until it is committed there.
  void commit(std::uint32_t count) {
    for (; count > 0; --count) {
      const std::uint32_t leader = elect();
      if (leader == 0 || cluster.violation()) {
        return;
      }
      const Answer* answer = cluster.answer(cluster.propose(leader));
      if (answer == nullptr || answer->failed.has_value()) {
        expect(false, "a proposal at the leader is refused");
        return;
      }
      const model::LogIndex index = answer->index;
      until([&] { return !is_up(leader) || status(leader).commit >= index; }, "a commit");
    }
  }
  bool is_up(std::uint32_t node) { return cluster.protocol_of(node) != nullptr; }
  // All nodes that run, or those given, have applied the same, up to the leader's log.
  bool agree(std::vector<std::uint32_t> nodes = {}) {
    if (nodes.empty()) {
      for (std::uint32_t id = 1; id <= cluster.size(); ++id) {
        nodes.push_back(id);
      }
    }
    return until(
        [this, &nodes] {
          const std::uint32_t leader = cluster.leader();
          if (leader == 0) {
            return false;
          }
          const Cluster::Node& best = cluster.node_of(leader);
          return best.applied == status(leader).last_index &&
                 std::ranges::all_of(nodes, [&](std::uint32_t id) {
                   const Cluster::Node& node = cluster.node_of(id);
                   return node.protocol == nullptr ||
                          (node.applied == best.applied && node.state_hash == best.state_hash);
                 });
        },
        "equal states");
  }
  void isolate(std::uint32_t node) {
    for (std::uint32_t id = 1; id <= cluster.size(); ++id) {
      cluster.cut(node, id);
      cluster.cut(id, node);
    }
  }
  std::uint32_t other_than(std::uint32_t node) const { return node == 1 ? 2 : 1; }
  bool failed_with(std::uint64_t request, base::ErrorCode code) {
    const Answer* answer = cluster.answer(request);
    return answer != nullptr && answer->failed == code;
  }
  bool is_done(std::uint64_t request) {
    const Answer* answer = cluster.answer(request);
    return answer != nullptr && !answer->failed.has_value();
  }

  Verdict end() {
    if (cluster.violation()) {
      verdict_.failures.push_back(*cluster.violation());
    }
    return std::move(verdict_);
  }

  Cluster cluster;

 private:
  Verdict verdict_;
};

Verdict elects(const EngineProbe& engine) {
  Verdict all;
  for (const std::uint32_t voters : {1U, 2U, 3U, 5U}) {
    Stage stage(of(engine, voters));
    const std::uint32_t leader = stage.elect();
    const std::uint64_t term = leader == 0 ? 0 : stage.status(leader).term.value();
    stage.cluster.run_for(3 * kSecond);
    stage.expect(stage.cluster.leader() == leader && leader != 0 &&
                     stage.status(leader).term.value() == term,
                 fmt::format("{} voters: the leader changes without a reason", voters));
    for (std::uint32_t id = 1; id <= voters && leader != 0; ++id) {
      stage.expect(stage.status(id).leader == model::NodeId{leader},
                   fmt::format("{} voters: node {} does not know the leader", voters, id));
      stage.expect((stage.status(id).role == Role::leader) == (id == leader),
                   fmt::format("{} voters: node {} has the wrong role", voters, id));
    }
    for (std::string& failure : stage.end().failures) {
      all.failures.push_back(std::move(failure));
    }
  }
  return all;
}

Verdict commits(const EngineProbe& engine) {
  Stage stage(of(engine));
  const std::uint32_t leader = stage.elect();
  std::vector<std::uint64_t> requests;
  for (std::uint32_t i = 0; i < 50; ++i) {
    requests.push_back(stage.cluster.propose(leader, i));
    stage.cluster.run_for(std::int64_t{i % 7} * 100);
  }
  stage.agree();
  for (const std::uint64_t request : requests) {
    const Answer* answer = stage.cluster.answer(request);
    const bool in = answer != nullptr && !answer->failed.has_value();
    stage.expect(in, "a proposal at the leader has no place in the log");
    for (std::uint32_t id = 1; in && id <= 3; ++id) {
      stage.expect(stage.status(id).commit >= answer->index,
                   fmt::format("entry {} is not committed at node {}", answer->index.value(), id));
    }
  }
  stage.expect(stage.cluster.node_of(leader).applied.value() >= 50, "fewer entries than proposals");
  return stage.end();
}

Verdict commits_on_a_bad_network(const EngineProbe& engine) {
  ClusterOptions options = of(engine, 5);
  options.loss_per_mille = 100;
  options.duplicate_per_mille = 100;
  options.delay_max_us = 20'000;
  options.settings.max_message_bytes = 32;
  options.settings.max_in_flight_bytes = 128;
  options.settings.max_in_flight_messages = 4;
  Stage stage(options);
  stage.commit(100);
  stage.agree();
  return stage.end();
}

Verdict restarts(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(5);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    stage.cluster.crash(id);
    stage.commit(5);
    stage.cluster.restart(id);
    stage.commit(5);
    stage.agree();
  }
  const std::uint32_t leader = stage.cluster.leader();
  if (leader == 0) {
    return stage.end();
  }
  const Cluster::Node& node = stage.cluster.node_of(leader);
  const model::LogIndex applied = node.applied;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    stage.cluster.crash(id);
  }
  for (std::uint32_t id = 1; id <= 3; ++id) {
    stage.cluster.restart(id);
  }
  stage.commit(1);
  stage.agree();
  stage.expect(node.applied > applied, "what was committed is gone after all nodes crashed");
  return stage.end();
}

Verdict deposed_leader(const EngineProbe& engine) {
  Stage stage(of(engine, 5));
  stage.commit(3);
  stage.agree();
  const std::uint32_t old = stage.cluster.leader();
  const model::LogIndex before = stage.status(old).commit;
  stage.isolate(old);
  for (int i = 0; i < 3; ++i) {
    stage.cluster.propose(old);
  }
  stage.until([&] { return stage.cluster.leader() != old; }, "a leader of the majority");
  stage.commit(4);
  stage.expect(stage.status(old).commit == before, "a leader alone commits");
  stage.until([&] { return stage.status(old).role != Role::leader; },
              "an isolated leader gives up");
  stage.cluster.heal();
  stage.commit(1);
  stage.agree();
  return stage.end();
}

Verdict catches_up_by_log(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(1);
  const std::uint32_t lagging = stage.other_than(stage.cluster.leader());
  stage.cluster.crash(lagging);
  stage.commit(60);
  stage.cluster.restart(lagging);
  stage.agree();
  stage.expect(stage.cluster.counters().snapshots == 0, "a snapshot where the log would do");
  return stage.end();
}

Verdict catches_up_by_snapshot(const EngineProbe& engine) {
  Stage stage(of(engine));
  if (!engine.can.snapshots) {
    stage.missing("snapshots");
    return stage.end();
  }
  stage.commit(1);
  const std::uint32_t lagging = stage.other_than(stage.cluster.leader());
  for (int round = 1; round <= 2; ++round) {
    stage.cluster.crash(lagging);
    stage.commit(30);
    for (std::uint32_t id = 1; id <= 3; ++id) {
      stage.cluster.compact(id, 0);
    }
    const std::uint64_t before = stage.cluster.counters().snapshots;
    stage.cluster.restart(lagging);
    stage.agree();
    stage.expect(stage.cluster.counters().snapshots > before,
                 "a node caught up without the log and without a snapshot");
    stage.commit(3);
    stage.agree();
    // What was installed survives, and so do the entries behind it.
    stage.cluster.crash(lagging);
    stage.cluster.restart(lagging);
    stage.agree();
  }
  return stage.end();
}

// The barrier's index is not below what was committed when it was asked: C1 of the invariants, and
// here from outside.
void read_everywhere(Stage& stage) {
  const model::LogIndex floor = stage.status(stage.cluster.leader()).commit;
  const std::uint32_t leader = stage.cluster.leader();
  for (std::uint32_t id = 1; id <= stage.cluster.size(); ++id) {
    if (!stage.is_up(id)) {
      continue;
    }
    const std::uint64_t read = stage.cluster.read(id);
    stage.until([&] { return stage.cluster.answer(read) != nullptr; }, "an answer to a read");
    const Answer* answer = stage.cluster.answer(read);
    if (answer == nullptr) {
      continue;
    }
    // A follower may ask the leader, or say who it is.
    const bool passed = !answer->failed.has_value();
    stage.expect(passed || (id != leader && answer->leader_hint == model::NodeId{leader}),
                 fmt::format("a read at node {} ends without an index or a leader", id));
    stage.expect(!passed || answer->index >= floor, "a read is older than what was committed");
  }
}

Verdict reads(const EngineProbe& engine) {
  Stage stage(of(engine, 5));
  stage.commit(5);
  stage.agree();
  read_everywhere(stage);
  for (int change = 0; change < 2; ++change) {
    const std::uint32_t old = stage.elect();
    stage.cluster.propose(old);
    stage.cluster.crash(old);
    stage.elect();
    read_everywhere(stage);
  }
  return stage.end();
}

// A leader that nobody hears answers no read, and lets it end.
Verdict reads_need_a_quorum(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(1);
  const std::uint32_t old = stage.cluster.leader();
  stage.isolate(old);
  stage.until([&] { return !stage.cluster.lease_of(old); }, "the end of a lease");
  const std::uint64_t read = stage.cluster.read(old);
  stage.until([&] { return stage.cluster.answer(read) != nullptr; }, "an answer to a read");
  const Answer* answer = stage.cluster.answer(read);
  stage.expect(answer != nullptr && answer->failed.has_value(), "a read without a quorum");
  return stage.end();
}

Verdict leases(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(1);
  const std::uint32_t leader = stage.cluster.leader();
  if (!engine.can.lease) {
    for (int i = 0; i < 300; ++i) {
      stage.cluster.run_for(10 * kMillisecond);
      stage.expect(!stage.cluster.lease_of(leader), "a lease of an engine that has none");
    }
    stage.missing("lease");
    return stage.end();
  }
  stage.until([&] { return stage.cluster.lease_of(leader); }, "a lease");
  for (int i = 0; i < 200; ++i) {  // renewed before it ends
    stage.cluster.run_for(10 * kMillisecond);
    for (std::uint32_t id = 1; id <= 3; ++id) {
      stage.expect(stage.cluster.lease_of(id) == (id == leader),
                   fmt::format("node {} has the wrong idea of its lease", id));
    }
  }
  const std::uint64_t before = stage.cluster.counters().lease_reads;
  read_everywhere(stage);
  stage.expect(stage.cluster.counters().lease_reads > before, "no read by lease");
  stage.isolate(leader);
  stage.cluster.run_for(Settings{}.lease.as_nanoseconds() / 1000 + 50 * kMillisecond);
  stage.expect(!stage.cluster.lease_of(leader), "a lease outlives its promises");
  stage.until([&] { return stage.cluster.leader() != leader; }, "another leader");
  return stage.end();
}

Verdict busy(const EngineProbe& engine) {
  ClusterOptions options = of(engine);
  options.settings.max_uncommitted_bytes = 1000;
  Stage stage(options);
  stage.commit(1);
  stage.agree();
  const std::uint32_t leader = stage.cluster.leader();
  const std::uint64_t huge = stage.cluster.propose(leader, 5000);
  stage.expect(stage.is_done(huge), "an entry larger than the bound is refused though none waits");
  stage.agree();
  stage.isolate(leader);
  std::uint64_t taken = 0;
  std::uint64_t last = 0;
  while (taken < 20 && stage.is_done(last = stage.cluster.propose(leader, 100))) {
    ++taken;
  }
  stage.expect(taken > 0 && taken <= 10, fmt::format("{} proposals of 100 bytes taken", taken));
  stage.expect(stage.failed_with(last, base::ErrorCode::busy), "what does not fit is not `busy`");
  stage.cluster.heal();
  stage.agree();
  const std::uint64_t after = stage.cluster.propose(stage.elect(), 100);
  stage.expect(stage.is_done(after), "still busy when everything is committed");
  return stage.end();
}

Verdict refuses_elsewhere(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(1);
  stage.agree();
  const std::uint32_t leader = stage.cluster.leader();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    if (id == leader) {
      continue;
    }
    const std::uint64_t request = stage.cluster.propose(id);
    const Answer* answer = stage.cluster.answer(request);
    stage.expect(stage.failed_with(request, base::ErrorCode::not_leader),
                 "a proposal at a follower is not refused as `not_leader` at once");
    stage.expect(answer != nullptr && answer->leader_hint == model::NodeId{leader},
                 "the refusal does not say who leads");
  }
  return stage.end();
}

Verdict transfers(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(3);
  const std::uint32_t first = stage.cluster.leader();
  const std::uint32_t to = stage.other_than(first);
  const std::uint64_t request = stage.cluster.transfer(first, to);
  if (!engine.can.transfer) {
    stage.expect(stage.failed_with(request, base::ErrorCode::unsupported),
                 "a transfer that the engine cannot do is not `unsupported`");
    stage.missing("leadership transfer");
    return stage.end();
  }
  stage.until([&] { return stage.is_done(request); }, "the end of a transfer");
  stage.until([&] { return stage.cluster.leader() == to; }, "the transfer's target leads");
  stage.commit(3);
  stage.agree();
  return stage.end();
}

Verdict changes_members(const EngineProbe& engine) {
  Stage stage(of(engine, 3, 1));
  stage.commit(3);
  const auto change = [&stage](const std::vector<std::uint32_t>& voters,
                               const std::vector<std::uint32_t>& learners) {
    const std::uint32_t leader = stage.elect();
    const std::uint64_t request =
        stage.cluster.change(leader, make_configuration(voters, learners), false);
    stage.until([&] { return stage.cluster.answer(request) != nullptr; }, "an answer to a change");
    return request;
  };
  const std::uint64_t learner = change({1, 2, 3}, {4});
  if (!engine.can.membership) {
    stage.expect(stage.failed_with(learner, base::ErrorCode::unsupported),
                 "a change that the engine cannot do is not `unsupported`");
    stage.missing("membership changes");
    return stage.end();
  }
  stage.expect(stage.is_done(learner), "a learner is refused");
  stage.commit(3);
  stage.agree();
  stage.expect(stage.is_done(change({1, 2, 3, 4}, {})), "a promotion is refused");
  stage.commit(3);
  stage.agree();
  const std::uint32_t gone = stage.other_than(stage.cluster.leader());
  std::vector<std::uint32_t> rest;
  for (std::uint32_t id = 1; id <= 4; ++id) {
    if (id != gone) {
      rest.push_back(id);
    }
  }
  stage.expect(stage.is_done(change(rest, {})), "a removal is refused");
  stage.cluster.crash(gone);
  stage.commit(3);
  stage.agree(rest);
  // Two of the three that are left must do.
  stage.cluster.crash(stage.cluster.leader());
  stage.commit(3);
  return stage.end();
}

Verdict steps_down(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(1);
  const std::uint32_t leader = stage.cluster.leader();
  stage.cluster.step_down(leader);
  stage.expect(stage.status(leader).role != Role::leader, "it still leads");
  stage.commit(1);
  stage.agree();
  return stage.end();
}

Verdict tells_of_full_disks(const EngineProbe& engine) {
  Stage stage(of(engine));
  stage.commit(1);
  const std::uint32_t leader = stage.cluster.leader();
  if (!engine.can.disk_space) {
    stage.missing("word of full disks");
    return stage.end();
  }
  const std::uint32_t full = stage.other_than(leader);
  const auto is_told = [&](bool wanted) {
    return std::ranges::any_of(stage.status(leader).peers, [&](const PeerStatus& peer) {
      return peer.id == model::NodeId{full} && peer.disk_full == wanted;
    });
  };
  stage.cluster.disk_space(full, true);
  stage.until([&] { return is_told(true); }, "the leader hears of a full disk");
  stage.cluster.disk_space(full, false);
  stage.until([&] { return is_told(false); }, "the leader hears that it has room again");
  stage.expect(stage.cluster.leader() == leader, "a full disk costs the leadership");
  return stage.end();
}

Verdict random_schedules(const EngineProbe& engine) {
  Verdict verdict;
  for (std::uint64_t seed = 1; seed <= kRandomSeeds; ++seed) {
    const RunResult result = random_run(engine, seed);
    if (result.violation) {
      verdict.failures.push_back(fmt::format("seed {}: {}", seed, *result.violation));
    }
  }
  return verdict;
}

constexpr std::array<ConformanceCase, 17> kCases{{
    {"elects", elects},
    {"commits", commits},
    {"commits_on_a_bad_network", commits_on_a_bad_network},
    {"restarts", restarts},
    {"deposed_leader", deposed_leader},
    {"catches_up_by_log", catches_up_by_log},
    {"catches_up_by_snapshot", catches_up_by_snapshot},
    {"reads", reads},
    {"reads_need_a_quorum", reads_need_a_quorum},
    {"leases", leases},
    {"busy", busy},
    {"refuses_elsewhere", refuses_elsewhere},
    {"transfers", transfers},
    {"changes_members", changes_members},
    {"steps_down", steps_down},
    {"tells_of_full_disks", tells_of_full_disks},
    {"random_schedules", random_schedules},
}};

}  // namespace

std::span<const ConformanceCase> conformance_cases() { return kCases; }

}  // namespace ostraka::protocol::testing
