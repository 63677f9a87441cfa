// The same driver, log, transport and state machine under another engine: slots with gaps,
// overwrites and a ballot per slot, with loss, reordering and crashes.
#include "protocol/multi_paxos/multi_paxos.h"

#include "store/cluster_world_test.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::store::testing {
namespace {

ClusterOptions paxos(std::uint64_t seed, std::uint32_t loss_per_mille) {
  ClusterOptions options;
  options.seed = seed;
  options.loss_per_mille = loss_per_mille;
  options.reorder = true;
  options.delay_max = base::Duration::milliseconds(5);
  options.protocol_factory = [](const ProtocolParts& parts) -> std::unique_ptr<protocol::Protocol> {
    return std::make_unique<protocol::multi_paxos::MultiPaxos>(parts.self, parts.settings,
                                                               parts.recovered, parts.seed);
  };
  return options;
}

TEST(MultiPaxosDriver, ElectsWritesAndReads) {
  Cluster cluster(paxos(1, 0));
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.get(cluster.leader(), "k", replica::ReadKind::linearizable), "1");
  EXPECT_GT(cluster.replica(cluster.leader())->counters().barrier_reads, 0U);
}

// Under random schedules: everything acknowledged is there, on every node, the same.
TEST(MultiPaxosDriver, KeepsWhatIsAcknowledgedUnderLossReorderingAndCrashes) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Cluster cluster(paxos(seed, 100));
    base::Prng prng(seed * 31);
    for (int i = 0; i < 40; ++i) {
      ASSERT_TRUE(cluster.put("k" + std::to_string(i), std::to_string(i)))
          << "seed " << seed << "\n"
          << cluster.describe();
      if (i % 8 == 7) {
        const model::NodeId leader = cluster.leader();
        const model::NodeId victim(prng.chance(1, 2) && !leader.is_none()
                                       ? leader.value()
                                       : static_cast<std::uint32_t>(prng.between(1, 3)));
        cluster.crash_power(victim);
        cluster.run(base::Duration::milliseconds(prng.between(0, 2000)));
        cluster.restart(victim);
      }
    }
    ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); }, base::Duration::seconds(60)))
        << "seed " << seed << "\n"
        << cluster.describe();
    for (std::uint32_t node = 1; node <= 3; ++node) {
      for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(
            cluster.get(model::NodeId(node), "k" + std::to_string(i), replica::ReadKind::stale),
            std::to_string(i))
            << "seed " << seed << " node " << node;
      }
    }
  }
}

}  // namespace
}  // namespace ostraka::store::testing
