// The worked example of the lecture, event by event: two proposers, three acceptors, offers 1
// and 2.
#include "lab/core/export.h"
#include "lab/protocols/all.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace ostraka::lab {
namespace {

std::string listing_of(const std::string& scenario) {
  const auto record = all_protocols().run(
      {.protocol = "basic_paxos", .scenario = scenario, .seed = 1, .set = {}, .interventions = {}});
  return record.has_value() ? to_listing(*record) : record.error().context;
}

class WorkedExample : public testing::TestWithParam<const char*> {};

// OSTRAKA_GOLDEN=update writes the files anew.
TEST_P(WorkedExample, GoesAsItIsTold) {
  const std::string path = std::string("testdata/basic_paxos_") + GetParam() + ".txt";
  const std::string listing = listing_of(GetParam());
  if (const char* golden = std::getenv("OSTRAKA_GOLDEN");
      golden != nullptr && std::string_view(golden) == "update") {
    std::ofstream(path) << listing;
  }
  std::ifstream file(path);
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(listing, expected.str());
}

INSTANTIATE_TEST_SUITE_P(Lab, WorkedExample,
                         testing::Values("worked_example", "worked_example_turned"),
                         [](const auto& info) { return std::string(info.param); });

// docs/lab/basic_paxos.md: the patience is shorter than a whole ballot, and still one alone ends.
TEST(BasicPaxosDuel, EndsWhenOneOfTheTwoDies) {
  for (const std::string crash : {"crash p1 at 200ms", "crash p2 at 200ms", "crash p1 at 105ms"}) {
    const auto record = all_protocols().run({.protocol = "basic_paxos",
                                             .scenario = "duel",
                                             .seed = 1,
                                             .set = {},
                                             .interventions = {crash}});
    ASSERT_TRUE(record.has_value());
    const auto found = std::ranges::find(record->properties, "termination", &Judgement::name);
    EXPECT_EQ(found->verdict, Verdict::held) << crash << ": " << found->sentence;
  }
}

}  // namespace
}  // namespace ostraka::lab
