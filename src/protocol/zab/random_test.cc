// Random schedules: loss, duplication, reordering, crashes, partitions, drifting clocks, changes of
// membership, transfers, reads, epochs that end; the invariants judge every step.
#include "protocol/testing/random_run.h"
#include "protocol/zab/testing/small_epochs.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ostraka::protocol::zab::testing {
namespace {

using protocol::testing::Cluster;
using protocol::testing::random_run;
using protocol::testing::random_runs;
using protocol::testing::RunResult;
using protocol::testing::wanted_number;

std::uint64_t seeds() { return wanted_number("OSTRAKA_ZAB_SEEDS").value_or(200); }

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

TEST(RandomSchedules, InvariantsHoldWithSmallEpochs) {
  const RunResult runs = random_runs(small_epochs(), seeds());
  ASSERT_FALSE(runs.violation.has_value()) << *runs.violation;
  const Cluster::Counters& sum = runs.counters;
  EXPECT_GT(sum.proposals, 10 * seeds());
  EXPECT_GT(sum.elections, 4 * seeds());
}

// Seeds that once found something: voters that left their candidate in turns, an invitation that
// ended a session behind the leader's back.
TEST(RandomSchedules, KeptSeeds) {
  for (const std::uint64_t seed : {15U, 6284U, 12618U}) {
    EXPECT_EQ(random_run(probe(), seed).violation, std::nullopt) << seed;
  }
  EXPECT_EQ(random_run(small_epochs(), 6340).violation, std::nullopt);
}

// OSTRAKA_ZAB_SEED=n prints the event log of one seed.
TEST(RandomSchedules, OneSeed) {
  const auto seed = wanted_number("OSTRAKA_ZAB_SEED");
  if (!seed) {
    GTEST_SKIP() << "no seed asked for";
  }
  const RunResult result =
      random_run(wanted_number("OSTRAKA_ZAB_SMALL") ? small_epochs() : probe(), *seed, 0, true);
  EXPECT_FALSE(result.violation.has_value()) << *result.violation;
}

TEST(RandomSchedules, SameSeedSameRun) {
  const RunResult one = random_run(probe(), 7);
  const RunResult two = random_run(probe(), 7);
  EXPECT_EQ(one.hash, two.hash);
  EXPECT_EQ(one.counters.steps, two.counters.steps);
}

}  // namespace
}  // namespace ostraka::protocol::zab::testing
