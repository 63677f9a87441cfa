// Every planted bug is caught by the invariants within the stated number of random seeds: the
// checkers can fail.
#include "protocol/testing/random_run.h"
#include "protocol/zab/testing/small_epochs.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace ostraka::protocol::zab::testing {
namespace {

using protocol::testing::catch_mutant;

struct Expectation {
  std::string_view mutant;
  std::uint64_t seeds_max;
};

void PrintTo(const Expectation& expectation, std::ostream* out) { *out << expectation.mutant; }

class Mutants : public ::testing::TestWithParam<Expectation> {};

TEST_P(Mutants, IsCaught) {
  const Expectation& expected = GetParam();
  const std::size_t mutant = mutant_named(probe(), expected.mutant);
  ASSERT_NE(mutant, 0U);
  const EngineProbe& engine = expected.mutant == "ignore_counter_limit" ? small_epochs() : probe();
  const auto caught = catch_mutant(engine, mutant, expected.seeds_max);
  ASSERT_TRUE(caught) << "not caught in " << expected.seeds_max << " seeds";
  RecordProperty("seed", std::to_string(caught->seed));
  RecordProperty("violation", caught->violation);
}

INSTANTIATE_TEST_SUITE_P(
    All, Mutants,
    ::testing::Values(
        Expectation{"ack_new_leader_before_durable", 5}, Expectation{"epoch_before_history", 5},
        Expectation{"keep_foreign_suffix", 30}, Expectation{"accept_old_epoch", 200},
        Expectation{"accept_epoch_twice", 1500}, Expectation{"elect_by_counter", 40},
        Expectation{"commit_without_epoch_quorum", 5}, Expectation{"ack_before_durable", 5},
        Expectation{"ignore_counter_limit", 5}, Expectation{"broadcast_before_delivery", 30},
        Expectation{"promise_not_kept", 60}, Expectation{"promise_lost_in_restart", 60},
        Expectation{"lease_from_receipt", 40}, Expectation{"read_without_round", 400},
        Expectation{"no_config_guard", 60}),
    [](const auto& tested) { return std::string(tested.param.mutant); });

}  // namespace
}  // namespace ostraka::protocol::zab::testing
