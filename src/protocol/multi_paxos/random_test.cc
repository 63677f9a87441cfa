// Random schedules: loss, duplication, reordering, crashes, partitions, drifting clocks, changes of
// membership, transfers, reads; the invariants judge every step.
#include "protocol/multi_paxos/probe.h"
#include "protocol/testing/random_run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace ostraka::protocol::multi_paxos::testing {
namespace {

using protocol::testing::Cluster;
using protocol::testing::random_run;
using protocol::testing::RunResult;

std::uint64_t seeds() {
  const char* wanted = std::getenv("OSTRAKA_PAXOS_SEEDS");
  return wanted == nullptr ? 200 : std::strtoull(wanted, nullptr, 10);
}

TEST(RandomSchedules, InvariantsHold) {
  Cluster::Counters sum;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const RunResult result = random_run(probe(), seed);
    ASSERT_FALSE(result.violation.has_value()) << "seed " << seed << ": " << *result.violation;
    sum.reads_done += result.counters.reads_done;
    sum.lease_reads += result.counters.lease_reads;
    sum.proposals += result.counters.proposals;
    sum.changes += result.counters.changes;
    sum.transfers += result.counters.transfers;
    sum.elections += result.counters.elections;
    sum.snapshots += result.counters.snapshots;
    sum.steps += result.counters.steps;
  }
  // A campaign that never reached these would prove nothing.
  EXPECT_GT(sum.reads_done, seeds());
  EXPECT_GT(sum.lease_reads, seeds());
  EXPECT_GT(sum.proposals, 10 * seeds());
  EXPECT_GT(sum.changes, seeds() / 4);
  EXPECT_GT(sum.transfers, seeds() / 4);
  EXPECT_GT(sum.elections, 2 * seeds());
  EXPECT_GT(sum.snapshots, seeds() / 4);
  RecordProperty("steps", std::to_string(sum.steps));
}

// OSTRAKA_PAXOS_SEED=n prints the event log of one seed.
TEST(RandomSchedules, OneSeed) {
  const char* wanted = std::getenv("OSTRAKA_PAXOS_SEED");
  if (wanted == nullptr) {
    GTEST_SKIP() << "no seed asked for";
  }
  const RunResult result = random_run(probe(), std::strtoull(wanted, nullptr, 10), 0, true);
  EXPECT_FALSE(result.violation.has_value()) << *result.violation;
}

TEST(RandomSchedules, SameSeedSameRun) {
  const RunResult one = random_run(probe(), 7);
  const RunResult two = random_run(probe(), 7);
  EXPECT_EQ(one.hash, two.hash);
  EXPECT_EQ(one.counters.steps, two.counters.steps);
}

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
