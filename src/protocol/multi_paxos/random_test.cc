// Random schedules: loss, duplication, reordering, crashes, partitions, drifting clocks, changes of
// membership, transfers, reads; the invariants judge every step.
#include "protocol/multi_paxos/probe.h"
#include "protocol/testing/random_run.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::protocol::multi_paxos::testing {
namespace {

using protocol::testing::Cluster;
using protocol::testing::random_run;
using protocol::testing::random_runs;
using protocol::testing::RunResult;
using protocol::testing::wanted_number;

std::uint64_t seeds() { return wanted_number("OSTRAKA_PAXOS_SEEDS").value_or(200); }

TEST(RandomSchedules, InvariantsHold) {
  const RunResult runs = random_runs(probe(), seeds());
  ASSERT_FALSE(runs.violation.has_value()) << *runs.violation;
  const Cluster::Counters& sum = runs.counters;
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

// Seeds that once found something.
TEST(RandomSchedules, KeptSeeds) {
  // 4358: a refusal to report that came late brought down one new leader after the other.
  // 4864: the only voter of a new configuration broke its promise to the old leader by a restart.
  for (const std::uint64_t seed : {4358U, 4864U}) {
    const RunResult result = random_run(probe(), seed);
    EXPECT_FALSE(result.violation.has_value()) << "seed " << seed << ": " << *result.violation;
  }
}

// OSTRAKA_PAXOS_SEED=n prints the event log of one seed.
TEST(RandomSchedules, OneSeed) {
  const auto seed = wanted_number("OSTRAKA_PAXOS_SEED");
  if (!seed) {
    GTEST_SKIP() << "no seed asked for";
  }
  const RunResult result = random_run(probe(), *seed, 0, true);
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
