// Every planted bug is caught by the invariants within the stated number of random seeds: the
// checkers can fail.
#include "protocol/raft/probe.h"
#include "protocol/testing/random_run.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace ostraka::protocol::raft::testing {
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
    ::testing::Values(Expectation{"commit_any_term", 20}, Expectation{"vote_before_durable", 5},
                      Expectation{"ack_before_durable", 5}, Expectation{"no_config_guard", 60},
                      Expectation{"lease_kept_in_transfer", 150},
                      Expectation{"vote_within_promise_on_reset", 60},
                      Expectation{"vote_after_restart_within_promise", 60},
                      Expectation{"read_without_own_term_commit", 60},
                      Expectation{"prevote_silent", 600}, Expectation{"vote_twice", 30},
                      Expectation{"lease_from_receipt", 60}),
    [](const auto& tested) { return std::string(tested.param.mutant); });

}  // namespace
}  // namespace ostraka::protocol::raft::testing
