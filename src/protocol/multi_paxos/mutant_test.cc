// Every planted bug is caught by the invariants within the stated number of random seeds: the
// checkers can fail.
#include "protocol/multi_paxos/probe.h"
#include "protocol/testing/random_run.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace ostraka::protocol::multi_paxos::testing {
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
  const auto caught = catch_mutant(probe(), mutant, expected.seeds_max);
  ASSERT_TRUE(caught) << "not caught in " << expected.seeds_max << " seeds";
  RecordProperty("seed", std::to_string(caught->seed));
  RecordProperty("violation", caught->violation);
}

INSTANTIATE_TEST_SUITE_P(
    All, Mutants,
    ::testing::Values(
        Expectation{"promise_before_durable", 5}, Expectation{"ballot_not_durable", 5},
        Expectation{"accept_below_promise", 30}, Expectation{"ack_before_durable", 5},
        Expectation{"late_accepted", 60}, Expectation{"highest_of_log", 300},
        Expectation{"noop_over_report", 10}, Expectation{"chosen_over_gap", 10},
        Expectation{"trim_early", 40}, Expectation{"configuration_at_once", 60},
        Expectation{"lease_kept_in_transfer", 300}, Expectation{"promise_broken_on_reset", 10},
        Expectation{"promise_forgotten_on_restart", 10}, Expectation{"read_before_recovery", 60},
        Expectation{"lease_from_receipt", 10}),
    [](const auto& tested) { return std::string(tested.param.mutant); });

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
