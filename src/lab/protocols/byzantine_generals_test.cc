// The bound of OM(m): with n >= 3m + 1 no number of traitors up to m does harm; with n = 3m they
// do.
#include "lab/protocols/byzantine_generals/byzantine_generals.h"

#include "lab/core/catalogue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ostraka::lab {
namespace {

bool holds(int generals, int m, int traitors, int commander) {
  const auto record =
      run(byzantine_generals(), {.protocol = "byzantine_generals",
                                 .scenario = "four_generals",
                                 .set = {{"generals", fmt::to_string(generals)},
                                         {"m", fmt::to_string(m)},
                                         {"traitors", fmt::to_string(traitors)},
                                         {"traitor_commander", fmt::to_string(commander)}}});
  EXPECT_TRUE(record.has_value());
  return std::ranges::all_of(record->properties,
                             [](const Judgement& each) { return each.verdict == Verdict::held; });
}

TEST(ByzantineGenerals, HoldsFromThreeTimesTheTraitorsAndOne) {
  for (int m = 0; m <= 2; ++m) {
    for (int generals = std::max(3, 3 * m + 1); generals <= 8; ++generals) {
      for (int traitors = 0; traitors <= m; ++traitors) {
        EXPECT_TRUE(holds(generals, m, traitors, 0)) << generals << " " << m << " " << traitors;
        if (traitors < m) {
          EXPECT_TRUE(holds(generals, m, traitors, 1)) << generals << " " << m << " " << traitors;
        }
      }
    }
  }
}

TEST(ByzantineGenerals, FailsBelow) {
  EXPECT_FALSE(holds(3, 1, 1, 0));
  EXPECT_FALSE(holds(6, 2, 2, 0));
  EXPECT_FALSE(holds(9, 3, 3, 0));
}

}  // namespace
}  // namespace ostraka::lab
