// Tables and properties of quorums.
#include "protocol/quorum/quorum.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace ostraka::protocol::quorum {
namespace {

using Values = std::vector<std::uint64_t>;

TEST(Majority, Table) {
  constexpr std::array<std::size_t, 8> kExpected = {1, 1, 2, 2, 3, 3, 4, 4};
  for (std::size_t n = 0; n < kExpected.size(); ++n) {
    EXPECT_EQ(majority(n), kExpected[n]) << n;
  }
}

TEST(MajorityValue, Table) {
  const auto of = [](Values values) { return majority_value(values); };
  EXPECT_EQ(of({}), 0U);
  EXPECT_EQ(of({7}), 7U);
  EXPECT_EQ(of({7, 3}), 3U);
  EXPECT_EQ(of({1, 5, 9}), 5U);
  EXPECT_EQ(of({4, 4, 1, 9}), 4U);
  EXPECT_EQ(of({0, 0, 10, 11, 12}), 10U);
}

TEST(JointValue, Table) {
  const auto of = [](Values in, Values out) { return joint_value(in, out); };
  EXPECT_EQ(of({5, 6, 7}, {}), 6U);
  EXPECT_EQ(of({5, 6, 7}, {1, 2, 3}), 2U);
  EXPECT_EQ(of({9}, {9, 0, 0}), 0U);
}

TEST(JointOutcome, Table) {
  EXPECT_EQ(joint_outcome({3, 2, 0}, {}), Outcome::won);
  EXPECT_EQ(joint_outcome({3, 1, 1}, {}), Outcome::pending);
  EXPECT_EQ(joint_outcome({3, 1, 2}, {}), Outcome::lost);
  EXPECT_EQ(joint_outcome({3, 3, 0}, {3, 1, 1}), Outcome::pending);
  EXPECT_EQ(joint_outcome({3, 3, 0}, {3, 1, 2}), Outcome::lost);
  EXPECT_EQ(joint_outcome({3, 2, 0}, {3, 2, 0}), Outcome::won);
  EXPECT_EQ(joint_outcome({0, 0, 0}, {}), Outcome::lost);
}

TEST(Flexible, Table) {
  EXPECT_TRUE(is_safe({5, 3, 3}));
  EXPECT_TRUE(is_safe({6, 4, 3}));
  EXPECT_TRUE(is_safe({10, 8, 3}));
  EXPECT_FALSE(is_safe({6, 3, 3}));
  EXPECT_FALSE(is_safe({3, 4, 1}));
  EXPECT_FALSE(is_safe({3, 0, 4}));
  EXPECT_FALSE(is_safe({0, 0, 0}));
}

void property(const char* name, bool held) { EXPECT_TRUE(held) << name; }

TEST(Properties, HeldByIsTheGreatestValueWithEnoughHolders) {
  property("held by", rc::check([](const Values& values, std::uint8_t count) {
             Values scratch = values;
             const std::uint64_t held = value_held_by(scratch, count);
             const auto holders = [&](std::uint64_t v) {
               return static_cast<std::size_t>(std::count_if(
                   values.begin(), values.end(), [v](std::uint64_t x) { return x >= v; }));
             };
             if (count == 0 || count > values.size()) {
               return;
             }
             RC_ASSERT(holders(held) >= count);
             for (const std::uint64_t v : values) {
               RC_ASSERT(v <= held || holders(v) < count);
             }
           }));
}

TEST(Properties, AnyTwoMajoritiesMeet) {
  property("majorities meet", rc::check([] {
             const std::size_t n = *rc::gen::inRange<std::size_t>(1, 10);
             RC_ASSERT(2 * majority(n) > n);
             RC_ASSERT(is_safe({n, majority(n), majority(n)}));
           }));
}

TEST(Properties, SafeFlexibleQuorumsMeet) {
  // By enumeration of all pairs of sets up to six members.
  for (std::size_t n = 1; n <= 6; ++n) {
    for (std::size_t p1 = 1; p1 <= n; ++p1) {
      for (std::size_t p2 = 1; p2 <= n; ++p2) {
        bool meet = true;
        for (unsigned a = 0; a < (1U << n); ++a) {
          for (unsigned b = 0; b < (1U << n); ++b) {
            const bool quorums = static_cast<std::size_t>(std::popcount(a)) == p1 &&
                                 static_cast<std::size_t>(std::popcount(b)) == p2;
            meet = meet && (!quorums || (a & b) != 0);
          }
        }
        EXPECT_EQ(meet, is_safe({n, p1, p2})) << n << " " << p1 << " " << p2;
      }
    }
  }
}

TEST(Properties, AnOutcomeNeverChangesOnceDecided) {
  property("decided", rc::check([] {
             const std::size_t n = *rc::gen::inRange<std::size_t>(1, 10);
             const auto ballots =
                 *rc::gen::container<std::vector<bool>>(n, rc::gen::arbitrary<bool>());
             Tally tally{n, 0, 0};
             Outcome before = Outcome::pending;
             for (const bool granted : ballots) {
               ++(granted ? tally.granted : tally.refused);
               const Outcome now = majority_outcome(tally);
               RC_ASSERT(before == Outcome::pending || now == before);
               before = now;
             }
             RC_ASSERT(before != Outcome::pending);
             RC_ASSERT((before == Outcome::won) == (2 * tally.granted > n));
           }));
}

TEST(Properties, JointIsTheLesserOfBoth) {
  property("joint", rc::check([](const Values& a, const Values& b) {
             Values x = a;
             Values y = b;
             const std::uint64_t joint = joint_value(x, y);
             Values u = a;
             Values v = b;
             const std::uint64_t first = majority_value(u);
             RC_ASSERT(joint == (b.empty() ? first : std::min(first, majority_value(v))));
           }));
}

TEST(Flexible, SizesThatAreNotGivenAreTheSmallestSafeOnes) {
  const Flexible majorities = flexible(5, 0, 0);
  EXPECT_EQ(majorities.phase1, 3U);
  EXPECT_EQ(majorities.phase2, 3U);
  EXPECT_EQ(flexible(5, 0, 2).phase1, 4U);
  EXPECT_EQ(flexible(5, 5, 0).phase2, 1U);
  EXPECT_TRUE(is_safe(flexible(5, 0, 2)));
  EXPECT_FALSE(is_safe(flexible(5, 0, 6)));
  EXPECT_FALSE(is_safe(flexible(6, 4, 2)));
}

}  // namespace
}  // namespace ostraka::protocol::quorum
