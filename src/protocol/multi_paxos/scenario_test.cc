// The scenario scripts of testdata/ against their golden event logs, and the same schedules with
// the planted bug that each one is about.
//
// OSTRAKA_GOLDEN=update writes the golden files anew.
#include "protocol/multi_paxos/probe.h"
#include "protocol/testing/script.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ostraka::protocol::multi_paxos::testing {
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
                         ::testing::Values("duel", "order", "gap", "per_slot", "late",
                                           "late_refusal", "snapshot", "alpha", "alpha_early",
                                           "lease", "lease_restart", "lease_receipt", "transfer",
                                           "read_index", "returns"),
                         [](const auto& tested) { return std::string(tested.param); });

struct Planted {
  const char* script;
  std::string_view mutant;
  const char* invariant;  // which it breaks; "expect": what the script expects does not come true
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.script; }

class PlantedScenario : public ::testing::TestWithParam<Planted> {};

// The exact schedule must fail with the bug that it was made for.
TEST_P(PlantedScenario, IsCaught) {
  const Planted& planted = GetParam();
  const std::size_t mutant = mutant_named(probe(), planted.mutant);
  ASSERT_NE(mutant, 0U);
  const ScriptResult result = run_script(probe(), read_script(planted.script), mutant);
  if (planted.invariant == std::string_view("expect")) {
    EXPECT_FALSE(result.failures.empty()) << "not caught";
    return;
  }
  ASSERT_TRUE(result.violation.has_value()) << "not caught";
  EXPECT_EQ(result.violation->substr(0, 2), planted.invariant) << *result.violation;
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, PlantedScenario,
    ::testing::Values(
        Planted{"duel", "promise_before_durable", "P1"},
        Planted{"duel", "ballot_not_durable", "P1"}, Planted{"duel", "accept_below_promise", "P1"},
        Planted{"order", "ack_before_durable", "S:"}, Planted{"order", "chosen_over_gap", "P4"},
        Planted{"gap", "noop_over_report", "P4"}, Planted{"per_slot", "highest_of_log", "P4"},
        Planted{"late", "late_accepted", "P5"}, Planted{"snapshot", "trim_early", "P6"},
        Planted{"alpha_early", "configuration_at_once", "P6"},
        Planted{"lease", "promise_broken_on_reset", "T1"},
        Planted{"lease_restart", "promise_forgotten_on_restart", "T1"},
        Planted{"lease_receipt", "lease_from_receipt", "T1"},
        Planted{"transfer", "lease_kept_in_transfer", "T1"},
        Planted{"read_index", "read_before_recovery", "C1"},
        Planted{"returns", "no_pre_prepare", "expect"}),
    [](const auto& tested) {
      return std::string(tested.param.script) + "_" + std::string(tested.param.mutant);
    });

}  // namespace
}  // namespace ostraka::protocol::multi_paxos::testing
