// The same driver, log, transport and state machine under every replication engine, with loss,
// reordering and crashes: a log that is cut, and slots with gaps, overwrites and a ballot each.
#include "protocol/engines/engines.h"

#include "store/cluster_world_test.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::store::testing {
namespace {

class Driver : public ::testing::TestWithParam<protocol::Engine> {};

ClusterOptions options_of(const protocol::Engine& engine, std::uint64_t seed,
                          std::uint32_t loss_per_mille) {
  ClusterOptions options;
  options.seed = seed;
  options.loss_per_mille = loss_per_mille;
  options.reorder = true;
  options.delay_max = base::Duration::milliseconds(5);
  options.protocol_engine = engine.name;
  return options;
}

TEST_P(Driver, ElectsWritesAndReads) {
  Cluster cluster(options_of(GetParam(), 1, 0));
  ASSERT_TRUE(cluster.elect());
  ASSERT_TRUE(cluster.put("k", "1"));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.converged(); })) << cluster.describe();
  EXPECT_EQ(cluster.get(cluster.leader(), "k", replica::ReadKind::linearizable), "1");
  const replica::Counters counters = cluster.replica(cluster.leader())->counters();
  EXPECT_GT(counters.barrier_reads + counters.lease_reads, 0U);
}

// Under random schedules: everything acknowledged is there, on every node, the same.
TEST_P(Driver, KeepsWhatIsAcknowledgedUnderLossReorderingAndCrashes) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Cluster cluster(options_of(GetParam(), seed, 100));
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
    // Equal is not enough: after a crash nobody may know yet what is committed.
    ASSERT_TRUE(cluster.put("end", "end"));
    const auto is_settled = [&cluster] {
      const model::NodeId leader = cluster.leader();
      if (leader.is_none()) {
        return false;
      }
      const replica::Status status = cluster.replica(leader)->status();
      return status.applied == status.protocol.last_index && cluster.converged();
    };
    ASSERT_TRUE(cluster.run_until(is_settled, base::Duration::seconds(60)))
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

INSTANTIATE_TEST_SUITE_P(Engines, Driver, ::testing::ValuesIn(protocol::engines()),
                         [](const auto& tested) {
                           std::string name(tested.param.name);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace ostraka::store::testing
