// Exact schedules as a scenario file has them, run on whole clusters.
#include "sim/engines.h"
#include "sim/runner.h"
#include "sim/scenario.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::sim {
namespace {

constexpr const char* kHead = "nodes 3\nworkload script clients=1\nworkload registers\nrun 6000\n";

base::Result<RunResult> run(const std::string& steps, const RunOptions& options = {}) {
  const base::Result<Scenario> scenario = parse_scenario("test", kHead + steps);
  if (!scenario.has_value()) {
    return std::unexpected(scenario.error());
  }
  return run_scenario(*scenario, options);
}

TEST(Schedule, StepsRunInTurn) {
  const auto result =
      run("step quiet all\n"
          "step elect n2\n"
          "step expect role n2 = leader\n"
          "step write c1 n3\n"
          "step await ok c1\n"
          "step hold append n2 any\n"
          "step write c1 n2\n"
          "step await held append n2 n1\n"
          "step wait 50\n"
          "step expect open c1\n"
          "step release any any\n"
          "step await ok c1\n");
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->violation, "");
  EXPECT_TRUE(result->marks.contains("schedule_reached"));
}

TEST(Schedule, AnExactOneThatIsNotReachedFails) {
  const auto result = run("step quiet all\nstep await role n1 = leader within 100\n");
  ASSERT_TRUE(result.has_value());
  EXPECT_NE(result->violation.find("schedule not reached, line 6: await role n1 = leader"),
            std::string::npos)
      << result->violation;
}

TEST(Schedule, WhatIsDemandedFailsARunWithJitterAndWithAPlantedBugToo) {
  RunOptions jitter;
  jitter.seed = 3;
  jitter.jitter = true;
  RunOptions mutant;
  mutant.mutants = *parse_mutant("raft:prevote_silent");
  for (const RunOptions& options : {RunOptions{}, jitter, mutant}) {
    const auto kept =
        run("step quiet all\n"
            "step elect n1\n"
            "step note e elections\n"
            "step demand role any = leader\n"
            "step demand elections <= e + 2\n",
            options);
    ASSERT_TRUE(kept.has_value()) << kept.error().to_string();
    EXPECT_EQ(kept->violation, "");
    const auto broken = run("step quiet all\nstep demand role any = leader within 100\n", options);
    ASSERT_TRUE(broken.has_value()) << broken.error().to_string();
    EXPECT_NE(broken->violation.find("demanded, line 6: demand role any = leader"),
              std::string::npos)
        << broken->violation;
  }
}

TEST(Schedule, WithJitterItIsPassedOverAndNothingStaysHeld) {
  RunOptions options;
  options.seed = 3;
  options.jitter = true;
  const auto result = run(
      "step quiet all\nstep hold any any any\nstep await role n1 = leader within 100\n", options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->violation, "");
  EXPECT_TRUE(result->marks.contains("schedule_passed_over"));
}

TEST(Schedule, PowerFailsInPlaceOfTheNamedDiskEvent) {
  const auto result =
      run("step quiet all\n"
          "step elect n1\n"
          "step die_at_event n3 1\n"
          "step write c1 n1\n"
          "step await down n3\n"
          "step await ok c1\n"
          "step restart n3\n"
          "step reset n3 n1\n"
          "step reset n3 n2\n"
          "step await commit n3 >= commit n1\n");
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->violation, "");
}

TEST(Schedule, ARepeatedBlockRunsForEachNumber) {
  const base::Result<Scenario> scenario = parse_scenario(
      "test", std::string(kHead) + "repeat K 2 4\nstep crash n$K power\nstep wait $K\nend\n");
  EXPECT_FALSE(scenario.has_value());  // $K stands for a whole word
  const base::Result<Scenario> good =
      parse_scenario("test", std::string(kHead) + "repeat K 2 4\nstep wait $K\nend\n");
  ASSERT_TRUE(good.has_value());
  ASSERT_EQ(good->steps.size(), 3U);
  EXPECT_EQ(good->steps[2].time, base::Duration::milliseconds(4));
  EXPECT_EQ(good->steps[2].line, 6U);
}

TEST(Schedule, ABlockRunsForEachOfTheValues) {
  const base::Result<Scenario> scenario =
      parse_scenario("test", std::string(kHead) + "each A,B n1,n2 n3,n1\nstep cut $A $B\nend\n");
  ASSERT_TRUE(scenario.has_value()) << scenario.error().to_string();
  ASSERT_EQ(scenario->steps.size(), 2U);
  EXPECT_EQ(scenario->steps[1].words, (std::vector<std::string>{"cut", "n3", "n1"}));
}

TEST(Scenario, TopologiesAndTheFirstSeedOfABug) {
  const base::Result<Scenario> scenario = parse_scenario(
      "test",
      std::string(kHead) +
          "topologies 2000 83000 every 9000 settle 5000\nmutant raft:no_prevote 5 from 2\n");
  ASSERT_TRUE(scenario.has_value()) << scenario.error().to_string();
  EXPECT_EQ(scenario->topologies.every, base::Duration::seconds(9));
  EXPECT_EQ(scenario->topologies.settle, base::Duration::seconds(5));
  EXPECT_EQ(scenario->mutants.at(0).seeds, 5U);
  EXPECT_EQ(scenario->mutants.at(0).first, 2U);
  for (const char* wrong :
       {"topologies 2000 83000 every 9000", "topologies 2000 83000 every 5000 settle 5000",
        "nodes 1\ntopologies 2000 83000 every 9000 settle 5000", "mutant raft:no_prevote 5 from",
        "mutant raft:no_prevote", "mutant raft:no_prevote x"}) {
    EXPECT_FALSE(parse_scenario("test", std::string(kHead) + wrong).has_value()) << wrong;
  }
}

TEST(Schedule, SyntaxNamesTheLine) {
  for (const char* wrong :
       {"step await role n1 = king", "step elect n7", "step change n1 +n9", "repeat K 1 2", "end",
        "repeat K 1 2\nrepeat L 1 2\nend\nend", "each A\nend", "each A,B n1,n2 n1\nend",
        "step demand", "step demand elections < 3 +", "spares 7", "step"}) {
    const base::Result<Scenario> scenario = parse_scenario("test", std::string(kHead) + wrong);
    ASSERT_FALSE(scenario.has_value()) << wrong;
    EXPECT_NE(scenario.error().context.find("line "), std::string::npos) << wrong;
  }
}

TEST(Schedule, WhatNobodyKnowsIsAnError) {
  EXPECT_FALSE(run("step explode n1\n").has_value());
  EXPECT_FALSE(run("step write c2 n1\n").has_value());
}

TEST(Schedule, ABugIsThereFromPlantOn) {
  const base::Result<Mutants> mutant = parse_mutant("raft:vote_before_durable");
  ASSERT_TRUE(mutant.has_value());
  RunOptions options;
  options.mutants = *mutant;
  const std::string one_election =
      "step quiet all\nstep elect n1\nstep await commit n3 = last n1\nstep wait 1000\n";
  const auto late =
      run(one_election + "step plant\nstep crash n1 process\nstep elect n2\n", options);
  const auto always = run(one_election, options);
  ASSERT_TRUE(late.has_value() && always.has_value());
  const auto caught_at = [](const RunResult& result) {
    EXPECT_NE(result.violation.find("R9"), std::string::npos) << result.violation;
    return std::stoi(result.violation.substr(std::string("at ").size()));
  };
  EXPECT_LT(caught_at(*always), 1000);
  EXPECT_GT(caught_at(*late), 1000);
}

TEST(Engines, AScenarioRunsUnderAnyThatCanDoWhatItAsksFor) {
  for (const EngineEntry& engine : engines()) {
    RunOptions options;
    options.engine = engine.probe;
    const auto calm =
        run("step await role any = leader\nstep write c1 n2\nstep await ok c1\n"
            "step read c1 n3\nstep await ok c1\n",
            options);
    ASSERT_TRUE(calm.has_value()) << calm.error().to_string();
    EXPECT_EQ(calm->violation, "") << engine.probe->name;
    EXPECT_GT(calm->elections, 0U) << engine.probe->name;
  }
}

TEST(Engines, WhatOneCannotDoIsRefusedByItsReason) {
  const protocol::EngineProbe* raft = engine_named("raft");
  protocol::EngineProbe poor = *raft;
  poor.can = {};
  const auto why_not = [&poor](const std::string& more) {
    const auto scenario = parse_scenario("test", std::string(kHead) + more);
    EXPECT_TRUE(scenario.has_value()) << more;
    return why_not_under(*scenario, poor);
  };
  EXPECT_EQ(why_not(""), "");
  EXPECT_EQ(why_not("step expect no_lease n1\n"), "");
  EXPECT_EQ(why_not("step expect lease n1\n"), "the engine has no lease");
  EXPECT_EQ(why_not("at 100 transfer n1\n"), "the engine cannot transfer leadership");
  EXPECT_EQ(why_not("step change n1 -n2\n"), "the engine cannot change its members so");
  EXPECT_EQ(why_not("random 1 2 every 3 crash,member\n"),
            "the engine cannot change its members so");
  EXPECT_EQ(why_not("at 100 disk n1 full\n"), "the engine's leader does not hear of full disks");
  EXPECT_EQ(why_not("step hold append n1 n2\n"), "it is of the engine raft");
  EXPECT_EQ(why_not("engine raft\n"), "it is of the engine raft");
}

TEST(Engines, ALineNamesItBeforeTheSteps) {
  const std::string head = kHead;
  const auto paxos = parse_scenario("test", head + "engine multi-paxos\nstep hold accept n1 n2\n");
  ASSERT_TRUE(paxos.has_value()) << paxos.error().to_string();
  EXPECT_EQ(paxos->engine, engine_named("multi-paxos"));
  EXPECT_FALSE(parse_scenario("test", head + "engine multi-paxos\nstep hold append n1 n2\n"));
  EXPECT_FALSE(parse_scenario("test", head + "step quiet all\nengine multi-paxos\n"));
  EXPECT_FALSE(parse_scenario("test", head + "engine zebra\n"));
}

TEST(Engines, ABugOfOneIsNotPlantedInAnother) {
  RunOptions options;
  options.engine = engine_named("multi-paxos");
  options.mutants = *parse_mutant("raft:vote_twice");
  EXPECT_FALSE(run("", options).has_value());
  EXPECT_FALSE(parse_mutant("paxos:vote_twice").has_value());
  EXPECT_FALSE(parse_mutant("raft:none").has_value());
}

}  // namespace
}  // namespace ostraka::sim
