// The four relations of version vectors, laws of merging, and what a dot tells more.
#include "protocol/clock/version_vector.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <initializer_list>
#include <utility>

namespace ostraka::protocol::clock {
namespace {

VersionVector vector(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> entries) {
  VersionVector made;
  for (const auto& [actor, count] : entries) {
    made.set(ActorId{actor}, count);
  }
  return made;
}

VersionVector any_vector() {
  VersionVector made;
  for (std::uint64_t actor = 1; actor <= 3; ++actor) {
    made.set(ActorId{actor}, *rc::gen::inRange<std::uint64_t>(0, 4));
  }
  return made;
}

TEST(VersionVector, HasFourRelations) {
  EXPECT_EQ(vector({{1, 2}}).compare(vector({{1, 2}})), Causality::equal);
  EXPECT_EQ(vector({}).compare(vector({})), Causality::equal);
  EXPECT_EQ(vector({{1, 2}}).compare(vector({{1, 2}, {2, 1}})), Causality::before);
  EXPECT_EQ(vector({{1, 3}, {2, 1}}).compare(vector({{1, 2}, {2, 1}})), Causality::after);
  EXPECT_EQ(vector({{1, 2}}).compare(vector({{2, 1}})), Causality::concurrent);
  EXPECT_EQ(name_of(Causality::concurrent), "concurrent");
}

TEST(VersionVector, SettingZeroTakesAnEntryAway) {
  EXPECT_EQ(vector({{1, 2}, {2, 0}}), vector({{1, 2}}));
  EXPECT_TRUE(vector({{1, 0}}).empty());
}

TEST(VersionVector, AdvancesByDots) {
  VersionVector it;
  EXPECT_EQ(it.advance(ActorId{7}), (Dot{ActorId{7}, 1}));
  EXPECT_EQ(it.advance(ActorId{7}), (Dot{ActorId{7}, 2}));
  EXPECT_TRUE(it.covers({ActorId{7}, 2}));
  EXPECT_FALSE(it.covers({ActorId{7}, 3}));
  EXPECT_FALSE(it.covers({ActorId{8}, 1}));
}

RC_GTEST_PROP(VersionVector, MergeIsTheLeastUpperBound, ()) {
  const VersionVector a = any_vector();
  const VersionVector b = any_vector();
  const VersionVector c = any_vector();
  VersionVector ab = a;
  ab.merge(b);
  VersionVector ba = b;
  ba.merge(a);
  RC_ASSERT(ab == ba);
  RC_ASSERT(a.compare(ab) == Causality::equal || a.compare(ab) == Causality::before);
  VersionVector again = ab;
  again.merge(b);
  RC_ASSERT(again == ab);
  VersionVector left = ab;
  left.merge(c);
  VersionVector bc = b;
  bc.merge(c);
  VersionVector right = a;
  right.merge(bc);
  RC_ASSERT(left == right);
}

RC_GTEST_PROP(VersionVector, ComparisonTurnsRound, ()) {
  const VersionVector a = any_vector();
  const VersionVector b = any_vector();
  const Causality there = a.compare(b);
  const Causality back = b.compare(a);
  RC_ASSERT((there == Causality::before) == (back == Causality::after));
  RC_ASSERT((there == Causality::equal) == (back == Causality::equal));
}

// Two clients overwrite nothing through server 1: as plain vectors the second seems to have seen
// the first.
TEST(DottedVersion, TellsConcurrentWritesOfOneServerApart) {
  const DottedVersion first{.dot = {ActorId{1}, 1}, .past = {}};
  const DottedVersion second{.dot = {ActorId{1}, 2}, .past = {}};
  EXPECT_EQ(first.compare(second), Causality::concurrent);
  VersionVector seen;
  first.add_to(seen);
  const DottedVersion third{.dot = {ActorId{1}, 3}, .past = seen};
  EXPECT_EQ(first.compare(third), Causality::before);
  EXPECT_EQ(third.compare(first), Causality::after);
  EXPECT_EQ(second.compare(third), Causality::concurrent);
  EXPECT_EQ(third.compare(third), Causality::equal);
  EXPECT_EQ(vector({{1, 1}}).compare(vector({{1, 2}})), Causality::before);
}

TEST(DottedVersion, AddsItsPastToAContext) {
  VersionVector context = vector({{2, 5}});
  DottedVersion{.dot = {ActorId{1}, 4}, .past = vector({{1, 2}, {2, 3}, {3, 1}})}.add_to(context);
  EXPECT_EQ(context, vector({{1, 4}, {2, 5}, {3, 1}}));
}

}  // namespace
}  // namespace ostraka::protocol::clock
