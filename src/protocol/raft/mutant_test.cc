// Every planted bug is caught by the invariants within the stated number of random seeds: the
// checkers can fail.
#include "protocol/raft/testing/random_run.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string>

namespace ostraka::protocol::raft::testing {
namespace {

struct Expectation {
  Mutant mutant;
  std::uint64_t seeds_max;
};

void PrintTo(const Expectation& expectation, std::ostream* out) {
  *out << name_of(expectation.mutant);
}

class Mutants : public ::testing::TestWithParam<Expectation> {};

TEST_P(Mutants, IsCaught) {
  const Expectation& expected = GetParam();
  for (std::uint64_t seed = 1; seed <= expected.seeds_max; ++seed) {
    const RunResult result = random_run(seed, expected.mutant);
    if (result.violation) {
      RecordProperty("seed", std::to_string(seed));
      RecordProperty("violation", *result.violation);
      if (std::getenv("OSTRAKA_RAFT_VERBOSE") != nullptr) {
        std::printf("%s: seed %d: %s\n", std::string(name_of(expected.mutant)).c_str(),
                    static_cast<int>(seed), result.violation->c_str());
      }
      return;
    }
  }
  FAIL() << name_of(expected.mutant) << " was not caught in " << expected.seeds_max << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    All, Mutants,
    ::testing::Values(Expectation{Mutant::commit_any_term, 20},
                      Expectation{Mutant::vote_before_durable, 5},
                      Expectation{Mutant::ack_before_durable, 5},
                      Expectation{Mutant::no_config_guard, 60},
                      Expectation{Mutant::lease_kept_in_transfer, 150},
                      Expectation{Mutant::vote_within_promise_on_reset, 60},
                      Expectation{Mutant::vote_after_restart_within_promise, 60},
                      Expectation{Mutant::read_without_own_term_commit, 60},
                      Expectation{Mutant::prevote_silent, 600}, Expectation{Mutant::vote_twice, 30},
                      Expectation{Mutant::lease_from_receipt, 60}),
    [](const auto& tested) { return std::string(name_of(tested.param.mutant)); });

}  // namespace
}  // namespace ostraka::protocol::raft::testing
