// What every protocol of the laboratory owes: each scenario gives the verdicts that it declares
// with every seed, a run is fixed by its request, and its texts are complete.
#include "lab/core/export.h"
#include "lab/core/intervention.h"
#include "lab/protocols/all.h"
#include "lab/testing/record_rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace ostraka::lab {
namespace {

constexpr std::uint64_t kSeeds = 300;

struct Case {
  const Declaration* declaration;
  const Scenario* scenario;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Entry& entry : all_protocols().entries()) {
    for (const Scenario& scenario : entry.declaration->scenarios) {
      cases.push_back({entry.declaration, &scenario});
    }
  }
  return cases;
}

RunRequest request_of(const Case& it, std::uint64_t seed) {
  return {.protocol = std::string(it.declaration->name),
          .scenario = std::string(it.scenario->name),
          .seed = seed,
          .set = {},
          .interventions = {}};
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  return fmt::format("{}_{}", info.param.declaration->name, info.param.scenario->name);
}

class EveryScenario : public testing::TestWithParam<Case> {};

TEST_P(EveryScenario, GivesTheVerdictsThatItDeclares) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto record = run(*GetParam().declaration, request_of(GetParam(), seed));
    ASSERT_TRUE(record.has_value()) << record.error().context;
    EXPECT_TRUE(record->end_reason == EndReason::quiet ||
                record->end_reason == EndReason::time_limit)
        << name_of(record->end_reason);
    for (const Judgement& each : record->properties) {
      ASSERT_EQ(name_of(each.verdict), name_of(each.expected))
          << each.name << " with seed " << seed << ": " << each.sentence;
      if (each.verdict == Verdict::violated) {
        EXPECT_FALSE(each.sentence.empty());
        EXPECT_TRUE(each.kind == PropertyKind::liveness || !each.events.empty());
      }
    }
    for (const RecordIntervention& each : record->interventions) {
      EXPECT_TRUE(each.acted) << each.text << " with seed " << seed << ": " << each.remark;
    }
    EXPECT_TRUE(record->remarks.empty()) << record->remarks.front();
  }
}

TEST_P(EveryScenario, IsFixedByItsRequest) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const RunRequest request = request_of(GetParam(), seed);
    const auto first = run(*GetParam().declaration, request);
    const auto second = run(*GetParam().declaration, request);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(to_json(*first), to_json(*second));
    EXPECT_EQ(broken_rules(to_json(*first)), std::vector<std::string>{});
  }
}

// A fork changes nothing before its intervention, and is as fixed as the run itself.
TEST_P(EveryScenario, ForksWhereItIsInterferedWith) {
  const auto record = run(*GetParam().declaration, request_of(GetParam(), 1));
  ASSERT_TRUE(record.has_value());
  ASSERT_FALSE(record->messages.empty());
  const RecordMessage& middle = record->messages[record->messages.size() / 2];
  const std::string at = render(middle.sent - base::Instant());
  const std::string& process = record->processes.front().name;
  for (const std::string& what :
       {"drop " + middle.id, "delay " + middle.id + " 35ms", "duplicate " + middle.id + " 5ms",
        fmt::format("crash {} at {}", process, at),
        fmt::format("pause {} at {} for 40ms", process, at),
        fmt::format("partition {}|{} at {} until 1000s", process, record->processes.back().name,
                    at)}) {
    RunRequest request = request_of(GetParam(), 1);
    request.interventions = {what};
    const auto fork = run(*GetParam().declaration, request);
    ASSERT_TRUE(fork.has_value()) << fork.error().context;
    const auto again = run(*GetParam().declaration, request);
    EXPECT_EQ(hash_of(*fork), hash_of(*again)) << what;
    for (std::size_t i = 0; i < fork->events.size() && fork->events[i].at < middle.sent; ++i) {
      ASSERT_LT(i, record->events.size());
      EXPECT_EQ(fork->events[i].text, record->events[i].text) << what;
      EXPECT_EQ(fork->events[i].at, record->events[i].at) << what;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryScenario, testing::ValuesIn(all_cases()), name_of_case);

class EveryProtocol : public testing::TestWithParam<const Declaration*> {};

TEST_P(EveryProtocol, IsDeclaredInFull) {
  const Declaration& it = *GetParam();
  EXPECT_FALSE(it.title.empty());
  EXPECT_FALSE(it.family.empty());
  EXPECT_FALSE(it.summary.empty());
  EXPECT_FALSE(it.assumptions.empty());
  EXPECT_FALSE(it.steps.empty());
  EXPECT_FALSE(it.properties.empty());
  for (const AlgorithmStep& step : it.steps) {
    EXPECT_FALSE(step.source.empty()) << step.text;
  }
  const auto page = all_protocols().find(it.name);
  ASSERT_TRUE(page.has_value());
  EXPECT_TRUE(page->page.starts_with("# ")) << "docs/lab/" << it.name << ".md";
  EXPECT_GE(it.scenarios.size(), 3U);
  for (const ScenarioKind kind :
       {ScenarioKind::normal, ScenarioKind::famous_failure, ScenarioKind::famous_fix}) {
    EXPECT_TRUE(std::ranges::find(it.scenarios, kind, &Scenario::kind) != it.scenarios.end())
        << name_of(kind);
  }
}

// A safety property that no run can violate proves nothing about its checker; a property that is
// never held is not a property of the algorithm.
TEST_P(EveryProtocol, HoldsEveryPropertyInSomeScenario) {
  for (const Property& property : GetParam()->properties) {
    EXPECT_TRUE(std::ranges::any_of(GetParam()->scenarios, [&](const Scenario& scenario) {
      return std::ranges::none_of(scenario.expect, [&](const auto& expected) {
        return expected.first == property.name && expected.second != Verdict::held;
      });
    })) << property.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryProtocol, testing::ValuesIn([] {
                           std::vector<const Declaration*> all;
                           for (const Entry& entry : all_protocols().entries()) {
                             all.push_back(entry.declaration);
                           }
                           return all;
                         }()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(LabNames, AreUnique) {
  std::set<std::string_view> names;
  for (const Entry& entry : all_protocols().entries()) {
    EXPECT_TRUE(names.insert(entry.declaration->name).second) << entry.declaration->name;
    std::set<std::string_view> scenarios;
    for (const Scenario& scenario : entry.declaration->scenarios) {
      EXPECT_TRUE(scenarios.insert(scenario.name).second) << scenario.name;
    }
  }
}

}  // namespace
}  // namespace ostraka::lab
