// The scenario scripts of testdata/ against their golden event logs, and the same schedules with
// the planted bug that each one is about.
//
// OSTRAKA_GOLDEN=update writes the golden files anew.
#include "protocol/testing/script.h"
#include "protocol/zab/testing/small_epochs.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ostraka::protocol::zab::testing {
namespace {

using protocol::testing::golden_log;
using protocol::testing::GoldenLog;
using protocol::testing::read_script;
using protocol::testing::run_script;
using protocol::testing::ScriptResult;

const EngineProbe& engine_of(std::string_view script) {
  return script == "overflow" ? small_epochs() : probe();
}

class Scenario : public ::testing::TestWithParam<const char*> {};

TEST_P(Scenario, MatchesGoldenLog) {
  const std::string script = read_script(GetParam());
  ASSERT_FALSE(script.empty());
  const ScriptResult result = run_script(engine_of(GetParam()), script);
  for (const std::string& failure : result.failures) {
    ADD_FAILURE() << failure;
  }
  EXPECT_FALSE(result.violation.has_value()) << *result.violation;
  const GoldenLog log = golden_log(GetParam(), result);
  EXPECT_EQ(log.is, log.golden) << "OSTRAKA_GOLDEN=update writes it anew";
}

INSTANTIATE_TEST_SUITE_P(Scripts, Scenario,
                         ::testing::Values("election", "histories", "later_epoch_wins", "integrity",
                                           "overflow", "deposed", "sync", "e5", "e5_restart",
                                           "lease_receipt", "snap", "trunc", "transfer", "joint",
                                           "epoch_twice", "config_guard"),
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
  const ScriptResult result =
      run_script(engine_of(planted.script), read_script(planted.script), mutant);
  ASSERT_TRUE(result.violation.has_value()) << "not caught";
  EXPECT_EQ(result.violation->substr(0, 2), planted.invariant) << *result.violation;
}

INSTANTIATE_TEST_SUITE_P(Scripts, PlantedScenario,
                         ::testing::Values(Planted{"election", "ack_new_leader_before_durable",
                                                   "Z3"},
                                           Planted{"histories", "epoch_before_history", "Z3"},
                                           Planted{"trunc", "keep_foreign_suffix", "Z3"},
                                           Planted{"deposed", "accept_old_epoch", "Z4"},
                                           Planted{"later_epoch_wins", "elect_by_counter", "Z3"},
                                           Planted{"election", "commit_without_epoch_quorum", "Z2"},
                                           Planted{"election", "ack_before_durable", "R9"},
                                           Planted{"overflow", "ignore_counter_limit", "Z6"},
                                           Planted{"integrity", "broadcast_before_delivery", "Z5"},
                                           Planted{"e5", "promise_not_kept", "T1"},
                                           Planted{"e5_restart", "promise_lost_in_restart", "T1"},
                                           Planted{"lease_receipt", "lease_from_receipt", "T1"},
                                           Planted{"sync", "read_without_round", "C1"},
                                           Planted{"epoch_twice", "accept_epoch_twice", "Z1"},
                                           Planted{"config_guard", "no_config_guard", "R8"}),
                         [](const auto& tested) {
                           return std::string(tested.param.script) + "_" +
                                  std::string(tested.param.mutant);
                         });

}  // namespace
}  // namespace ostraka::protocol::zab::testing
