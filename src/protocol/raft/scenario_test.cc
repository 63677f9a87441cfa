// The scenario scripts of testdata/ against their golden event logs, and the same schedules with
// the planted bug that each one is about.
//
// OSTRAKA_GOLDEN=update writes the golden files anew.
#include "protocol/raft/probe.h"
#include "protocol/testing/script.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ostraka::protocol::raft::testing {
namespace {

using protocol::testing::golden_log;
using protocol::testing::GoldenLog;
using protocol::testing::read_script;
using protocol::testing::run_script;
using protocol::testing::ScriptResult;

class Scenario : public ::testing::TestWithParam<const char*> {};

TEST_P(Scenario, MatchesGoldenLog) {
  const std::string script = read_script(GetParam());
  ASSERT_FALSE(script.empty());
  const ScriptResult result = run_script(probe(), script);
  for (const std::string& failure : result.failures) {
    ADD_FAILURE() << failure;
  }
  EXPECT_FALSE(result.violation.has_value()) << *result.violation;
  const GoldenLog log = golden_log(GetParam(), result);
  EXPECT_EQ(log.is, log.golden) << "OSTRAKA_GOLDEN=update writes it anew";
}

INSTANTIATE_TEST_SUITE_P(Scripts, Scenario,
                         ::testing::Values("election", "figure7", "figure8", "s1", "s2", "s4", "s8",
                                           "s10", "e5", "e5_restart", "lease_receipt", "s7e",
                                           "joint", "single_server", "snapshot", "leader_removed",
                                           "transfer_repeated"),
                         [](const auto& tested) { return std::string(tested.param); });

struct Planted {
  const char* script;
  std::string_view mutant;
  const char* invariant;
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.script; }

class PlantedScenario : public ::testing::TestWithParam<Planted> {};

// The exact schedule must fail with the bug that it was made for.
TEST_P(PlantedScenario, IsCaught) {
  const Planted& planted = GetParam();
  const std::size_t mutant = mutant_named(probe(), planted.mutant);
  ASSERT_NE(mutant, 0U);
  const ScriptResult result = run_script(probe(), read_script(planted.script), mutant);
  if (planted.invariant == std::string("L1")) {
    EXPECT_FALSE(result.failures.empty()) << "not caught";
    return;
  }
  ASSERT_TRUE(result.violation.has_value()) << "not caught";
  EXPECT_EQ(result.violation->substr(0, 2), planted.invariant) << *result.violation;
}

INSTANTIATE_TEST_SUITE_P(Scripts, PlantedScenario,
                         ::testing::Values(Planted{"figure8", "commit_any_term", "R6"},
                                           Planted{"s1", "commit_any_term", "R6"},
                                           Planted{"s2", "vote_before_durable", "R9"},
                                           Planted{"s4", "no_config_guard", "R8"},
                                           Planted{"s8", "lease_kept_in_transfer", "T1"},
                                           Planted{"s10", "read_without_own_term_commit", "C1"},
                                           Planted{"e5", "vote_within_promise_on_reset", "T1"},
                                           Planted{"s7e", "prevote_silent", "L1"},
                                           Planted{"lease_receipt", "lease_from_receipt", "T1"},
                                           Planted{"e5_restart",
                                                   "vote_after_restart_within_promise", "T1"}),
                         [](const auto& tested) {
                           return std::string(tested.param.script) + "_" +
                                  std::string(tested.param.mutant);
                         });

}  // namespace
}  // namespace ostraka::protocol::raft::testing
