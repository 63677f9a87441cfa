// Random schedules: loss, duplication, reordering, crashes, partitions, drifting clocks, changes of
// membership, transfers, reads, epochs that end; the invariants judge every step.
#include "protocol/testing/random_run.h"
#include "protocol/zab/testing/small_epochs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace ostraka::protocol::zab::testing {
namespace {

using protocol::testing::Cluster;
using protocol::testing::random_run;
using protocol::testing::RunResult;

std::uint64_t seeds() {
  const char* wanted = std::getenv("OSTRAKA_ZAB_SEEDS");
  return wanted == nullptr ? 200 : std::strtoull(wanted, nullptr, 10);
}

void add(Cluster::Counters& sum, const Cluster::Counters& run) {
  sum.reads_done += run.reads_done;
  sum.lease_reads += run.lease_reads;
  sum.proposals += run.proposals;
  sum.changes += run.changes;
  sum.transfers += run.transfers;
  sum.elections += run.elections;
  sum.snapshots += run.snapshots;
  sum.steps += run.steps;
}

TEST(RandomSchedules, InvariantsHold) {
  Cluster::Counters sum;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const RunResult result = random_run(probe(), seed);
    ASSERT_FALSE(result.violation.has_value()) << "seed " << seed << ": " << *result.violation;
    add(sum, result.counters);
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

TEST(RandomSchedules, InvariantsHoldWithSmallEpochs) {
  Cluster::Counters sum;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const RunResult result = random_run(small_epochs(), seed);
    ASSERT_FALSE(result.violation.has_value()) << "seed " << seed << ": " << *result.violation;
    add(sum, result.counters);
  }
  EXPECT_GT(sum.proposals, 10 * seeds());
  EXPECT_GT(sum.elections, 4 * seeds());
}

// OSTRAKA_ZAB_SEED=n prints the event log of one seed.
TEST(RandomSchedules, OneSeed) {
  const char* wanted = std::getenv("OSTRAKA_ZAB_SEED");
  if (wanted == nullptr) {
    GTEST_SKIP() << "no seed asked for";
  }
  const char* small = std::getenv("OSTRAKA_ZAB_SMALL");
  const RunResult result = random_run(small == nullptr ? probe() : small_epochs(),
                                      std::strtoull(wanted, nullptr, 10), 0, true);
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
