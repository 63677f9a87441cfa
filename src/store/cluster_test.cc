// Three real nodes in one process: election, writes, crashes, catch-up, membership, reads.
#include "replica/membership_target.h"
#include "store/cluster_world_test.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::store::testing {
namespace {

using replica::ReadKind;

ClusterOptions small_log() {
  ClusterOptions options;
  options.store.checkpoint_log_bytes = 16U << 10;
  options.store.housekeeping_interval = base::Duration::milliseconds(50);
  options.store.log_keep_entries = 4;
  options.store.log_history_bytes = 0;
  options.store.log_keep_bytes = 64U << 10;
  options.store.snapshot_chunk_bytes = 4U << 10;
  return options;
}

model::NodeId follower_of(Cluster& cluster) {
  for (std::uint32_t i = 1; i <= cluster.options().nodes; ++i) {
    if (model::NodeId(i) != cluster.leader() && cluster.replica(model::NodeId(i)) != nullptr) {
      return model::NodeId(i);
    }
  }
  return {};
}

void put_many(Cluster& cluster, const std::string& prefix, int count, std::size_t bytes = 10) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(cluster.put(prefix + std::to_string(i), std::string(bytes, 'v'))) << i;
  }
}

TEST(StoreCluster, ElectsAndReplicates) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  put_many(cluster, "k", 20);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.get(cluster.leader(), "k7", ReadKind::linearizable), std::string(10, 'v'));
  for (std::uint32_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(cluster.get(model::NodeId(i), "k19", ReadKind::stale), std::string(10, 'v'));
  }
}

TEST(StoreCluster, ASingleNodeLeadsAndServes) {
  ClusterOptions options;
  options.nodes = 1;
  Cluster cluster(std::move(options));
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "v"));
  EXPECT_EQ(cluster.get(model::NodeId(1), "k", ReadKind::linearizable), "v");
  cluster.crash_power(model::NodeId(1));
  cluster.restart(model::NodeId(1));
  ASSERT_TRUE(cluster.elect());
  EXPECT_EQ(cluster.get(model::NodeId(1), "k", ReadKind::linearizable), "v");
}

TEST(StoreCluster, NothingAcknowledgedIsLostWhenTheLeaderDies) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  put_many(cluster, "before", 10);
  const model::NodeId old = cluster.leader();
  cluster.crash(old);
  put_many(cluster, "after", 10);
  EXPECT_NE(cluster.leader(), old);
  cluster.restart(old);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(cluster.get(old, "before" + std::to_string(i), ReadKind::stale), "(nil)");
    EXPECT_NE(cluster.get(old, "after" + std::to_string(i), ReadKind::stale), "(nil)");
  }
}

TEST(StoreCluster, AllLosePowerAndComeBack) {
  ClusterOptions options = small_log();
  Cluster cluster(std::move(options));
  ASSERT_TRUE(cluster.elect());
  put_many(cluster, "k", 60, 500);  // several checkpoints
  for (std::uint32_t i = 1; i <= 3; ++i) {
    cluster.crash_power(model::NodeId(i));
  }
  for (std::uint32_t i = 1; i <= 3; ++i) {
    cluster.restart(model::NodeId(i));
  }
  ASSERT_TRUE(cluster.elect());
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(cluster.get(cluster.leader(), "k" + std::to_string(i), ReadKind::linearizable),
              std::string(500, 'v'));
  }
}

TEST(StoreCluster, AFollowerCatchesUpByTheLog) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  const model::NodeId follower = follower_of(cluster);
  cluster.crash(follower);
  put_many(cluster, "k", 50);
  cluster.restart(follower);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.frames(peer::FrameType::snapshot_chunk), 0U);
}

TEST(StoreCluster, AFollowerCatchesUpBySnapshot) {
  Cluster cluster(small_log());
  ASSERT_TRUE(cluster.elect());
  put_many(cluster, "old", 5);
  const model::NodeId follower = follower_of(cluster);
  cluster.crash(follower);
  cluster.run(base::Duration::seconds(1));  // nobody waits for it any more
  put_many(cluster, "k", 100, 500);
  cluster.restart(follower);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_GT(cluster.frames(peer::FrameType::snapshot_chunk), 2U);
  EXPECT_EQ(cluster.machine(follower).process->store->status().snapshots_installed, 1U);
  EXPECT_EQ(cluster.get(follower, "k99", ReadKind::stale), std::string(500, 'v'));
  EXPECT_EQ(cluster.get(follower, "old0", ReadKind::stale), std::string(10, 'v'));
  // It goes on by the log, also after a restart.
  ASSERT_TRUE(cluster.put("more", "1"));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  cluster.crash_power(follower);
  cluster.restart(follower);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.get(follower, "more", ReadKind::stale), "1");
}

// What the engine was just taking belongs to the past that the snapshot replaces.
TEST(StoreCluster, ASnapshotIsInstalledBehindTheWritesThatWereUnderWay) {
  ClusterOptions options = small_log();
  options.store.checkpoint_log_bytes = 64U << 10;
  options.store.replica.expiry_interval = base::Duration::seconds(3600);  // asks the engine as well
  options.write_behind_bytes = 4000;
  Cluster cluster(std::move(options));
  ASSERT_TRUE(cluster.elect());
  const model::NodeId follower = follower_of(cluster);
  SlowEngine& engine = *cluster.machine(follower).process->engine;
  // Values of 500 bytes: the engine is at the first batch, and what came after it is less.
  put_many(cluster, "k", 12, 500);
  const model::LogIndex written = cluster.replica(cluster.leader())->applied();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.replica(follower)->applied() == written; }));
  ASSERT_EQ(engine.writes_under_way(), 1);
  cluster.isolate(follower);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(cluster.put("k" + std::to_string(i), "newer"));
  }
  put_many(cluster, "x", 400, 500);
  ASSERT_EQ(engine.writes_under_way(), 1);
  cluster.heal();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.machine(follower).process->store->status().snapshots_installed, 1U);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(cluster.get(follower, "k" + std::to_string(i), ReadKind::stale), "newer") << i;
  }
}

ClusterOptions small_checkpoints_and_history(std::uint64_t bytes) {
  ClusterOptions options = small_log();
  options.store.log_history_bytes = bytes;
  options.store.log_keep_bytes = 4 * bytes;
  return options;
}

// The leader that saw the follower go is gone as well: what is left must have kept the log.
TEST(StoreCluster, WhoTakesOverHasTheHistoryThatAMemberWhoWasAwayNeeds) {
  Cluster cluster(small_checkpoints_and_history(1U << 20));
  ASSERT_TRUE(cluster.elect());
  put_many(cluster, "old", 5);
  const model::NodeId away = follower_of(cluster);
  cluster.crash(away);
  cluster.run(base::Duration::seconds(1));
  put_many(cluster, "k", 100, 500);  // several checkpoints
  cluster.run(base::Duration::seconds(1));
  cluster.crash(cluster.leader());
  cluster.restart(away);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.frames(peer::FrameType::snapshot_chunk), 0U);
  EXPECT_EQ(cluster.get(away, "k99", ReadKind::stale), std::string(500, 'v'));
}

TEST(StoreCluster, TheHistoryIsBounded) {
  constexpr std::uint64_t kHistory = 64U << 10;
  Cluster cluster(small_checkpoints_and_history(kHistory));
  ASSERT_TRUE(cluster.elect());
  std::uint64_t most = 0;
  for (int round = 0; round < 10; ++round) {
    put_many(cluster, "k", 40, 1000);
    for (std::uint32_t i = 1; i <= 3; ++i) {
      most = std::max(most, cluster.machine(model::NodeId(i)).process->log->pinned_bytes(kShard));
    }
  }
  EXPECT_GT(most, kHistory);
  EXPECT_LT(most, 4 * kHistory);
}

TEST(StoreCluster, TwoShardsOnOneEngineGoTheirOwnWays) {
  ClusterOptions options = small_log();
  options.two_shards = true;
  Cluster cluster(std::move(options));
  ASSERT_TRUE(cluster.elect(kShard));
  ASSERT_TRUE(cluster.elect(kSecondShard));
  ASSERT_TRUE(cluster.put("k", "first", kShard));
  ASSERT_TRUE(cluster.put("k", "second", kSecondShard));
  model::NodeId follower;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    if (model::NodeId(i) != cluster.leader(kShard) &&
        model::NodeId(i) != cluster.leader(kSecondShard)) {
      follower = model::NodeId(i);
    }
  }
  cluster.crash(follower);
  cluster.run(base::Duration::seconds(1));
  put_many(cluster, "x", 100, 500);  // only the first shard needs a snapshot
  ASSERT_TRUE(cluster.put("k2", "second too", kSecondShard));
  cluster.restart(follower);
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.converged(kShard) && cluster.converged(kSecondShard); }));
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::stale, {}, kShard), "first");
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::stale, {}, kSecondShard), "second");
  EXPECT_EQ(cluster.get(follower, "k2", ReadKind::stale, {}, kSecondShard), "second too");
  EXPECT_EQ(cluster.machine(follower).process->store->status().snapshots_installed, 1U)
      << cluster.describe(kShard) << cluster.describe(kSecondShard);
}

TEST(StoreCluster, LeadershipMovesOnRequest) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  const model::NodeId to = follower_of(cluster);
  const base::Status moved = cluster.transfer(to);
  ASSERT_TRUE(moved.has_value()) << moved.error().to_string();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() == to; }));
  ASSERT_TRUE(cluster.put("k", "2"));
  EXPECT_EQ(cluster.get(to, "k", ReadKind::linearizable), "2");
}

TEST(StoreCluster, AddPromoteRemove) {
  Cluster cluster(small_log());
  ASSERT_TRUE(cluster.elect());
  put_many(cluster, "k", 100, 500);
  const model::NodeId added = cluster.add_machine();
  cluster.run(base::Duration::milliseconds(100));
  const auto now = [&] { return cluster.replica(cluster.leader())->protocol().configuration(); };
  base::Status changed = cluster.change(*replica::with_learner(now(), cluster.member(added)));
  ASSERT_TRUE(changed.has_value()) << changed.error().to_string();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  changed = cluster.change(*replica::with_promoted(now(), added));
  ASSERT_TRUE(changed.has_value()) << changed.error().to_string();
  EXPECT_EQ(now().voters.size(), 4U);
  const model::NodeId removed = follower_of(cluster);
  changed = cluster.change(*replica::without(now(), removed));
  ASSERT_TRUE(changed.has_value()) << changed.error().to_string();
  cluster.crash(removed);
  ASSERT_TRUE(cluster.put("after", "1"));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.get(added, "k99", ReadKind::stale), std::string(500, 'v'));
  EXPECT_EQ(cluster.machine(added).process->transport->members.size(), 3U);
  // A restart knows the membership from its own disk.
  cluster.crash_power(added);
  cluster.restart(added);
  EXPECT_EQ(cluster.replica(added)->protocol().configuration().voters.size(), 3U);
}

TEST(StoreCluster, JointConsensusReplacesAMember) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  const model::NodeId added = cluster.add_machine();
  const model::Configuration now = cluster.replica(cluster.leader())->protocol().configuration();
  const auto grown = *replica::with_learner(now, cluster.member(added));
  const auto promoted = *replica::with_promoted(*grown, added);
  const auto target = *replica::without(*promoted, follower_of(cluster));
  const base::Status changed = cluster.change(target, true);
  ASSERT_TRUE(changed.has_value()) << changed.error().to_string();
  const model::Configuration after = cluster.replica(cluster.leader())->protocol().configuration();
  EXPECT_FALSE(after.is_joint());
  EXPECT_EQ(after.voters, target->voters);
  ASSERT_TRUE(cluster.put("k", "2"));
}

TEST(StoreReads, LeaseReadsSendNoMessage) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  cluster.run(base::Duration::milliseconds(200));
  const model::NodeId leader = cluster.leader();
  EXPECT_TRUE(cluster.replica(leader)->status().lease_valid);
  EXPECT_EQ(cluster.get(leader, "k", ReadKind::linearizable), "1");
  EXPECT_EQ(cluster.replica(leader)->counters().lease_reads, 1U);
  EXPECT_EQ(cluster.replica(leader)->counters().barrier_reads, 0U);
}

TEST(StoreReads, AnIsolatedLeaderServesNoLinearizableReadBeyondItsLease) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  const model::NodeId old = cluster.leader();
  cluster.isolate(old);
  cluster.run(base::Duration::milliseconds(400));
  EXPECT_EQ(cluster.get(old, "k", ReadKind::linearizable), std::nullopt);
}

TEST(StoreReads, BoundedStalenessOnAFollower) {
  Cluster cluster({});
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  const model::NodeId follower = follower_of(cluster);
  // 0: as fresh as a linearizable read.
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::bounded_staleness), "1");
  ASSERT_TRUE(cluster.put("k", "2"));
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::bounded_staleness), "2");
  const std::uint64_t asked = cluster.frames(peer::FrameType::read_index_request);
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::bounded_staleness, base::Duration::seconds(5)),
            "2");
  EXPECT_EQ(cluster.frames(peer::FrameType::read_index_request), asked);
  cluster.isolate(follower);
  cluster.run(base::Duration::seconds(6));
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::bounded_staleness, base::Duration::seconds(5)),
            std::nullopt);
  EXPECT_EQ(cluster.get(follower, "k", ReadKind::stale), "2");
}

// Full disks: writes are refused while no quorum can store them, and nothing else ends.
class StoreFullDisk : public ::testing::Test {
 protected:
  StoreFullDisk() : cluster_(small_log()) {}
  void set_full(model::NodeId node, bool full) {
    sim_ports::SimDisk& disk = cluster_.machine(node).disk;
    disk.set_capacity(full ? disk.used_bytes() : sim_ports::SimDisk::kUnlimited);
  }
  bool refuses_writes() {
    const base::Status status = cluster_.replica(cluster_.leader())->request_state_hash();
    return !status.has_value() && status.error().code == base::ErrorCode::disk_full;
  }
  Cluster cluster_;
};

TEST_F(StoreFullDisk, ALeaderHandsOverWhenAQuorumHasSpace) {
  ASSERT_TRUE(cluster_.elect());
  put_many(cluster_, "a", 5);
  const model::NodeId first = cluster_.leader();
  set_full(first, true);
  ASSERT_TRUE(
      cluster_.run_until([&] { return !cluster_.leader().is_none() && cluster_.leader() != first; },
                         base::Duration::milliseconds(3000)));
  put_many(cluster_, "b", 5);
  set_full(first, false);
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.converged(); })) << cluster_.describe();
}

TEST_F(StoreFullDisk, AMajorityOfFullDisksRefusesWritesAndServesReads) {
  ASSERT_TRUE(cluster_.elect());
  put_many(cluster_, "a", 5);
  const model::NodeId leader = cluster_.leader();
  const model::NodeId other = follower_of(cluster_);
  set_full(leader, true);
  set_full(other, true);
  ASSERT_TRUE(cluster_.run_until([&] { return refuses_writes(); }));
  for (int second = 0; second < 10; ++second) {
    cluster_.run(base::Duration::seconds(1));
    ASSERT_EQ(cluster_.leader(), leader) << "after " << second << " s";
    EXPECT_TRUE(refuses_writes());
    EXPECT_EQ(cluster_.get(leader, "a3", ReadKind::linearizable), std::string(10, 'v'));
  }
  set_full(leader, false);
  set_full(other, false);
  put_many(cluster_, "b", 5);
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.converged(); })) << cluster_.describe();
}

TEST_F(StoreFullDisk, FullFollowersAreKnownToALeaderWithSpace) {
  ASSERT_TRUE(cluster_.elect());
  put_many(cluster_, "a", 5);
  const model::NodeId leader = cluster_.leader();
  for (std::uint32_t i = 1; i <= 3; ++i) {
    if (model::NodeId(i) != leader) {
      set_full(model::NodeId(i), true);
    }
  }
  ASSERT_TRUE(cluster_.run_until([&] { return refuses_writes(); }));
  EXPECT_EQ(cluster_.get(leader, "a3", ReadKind::linearizable), std::string(10, 'v'));
  set_full(follower_of(cluster_), false);
  put_many(cluster_, "b", 5);
}

}  // namespace
}  // namespace ostraka::store::testing
