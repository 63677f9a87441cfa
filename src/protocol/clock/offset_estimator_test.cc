// Offset and delay from four readings, the filter, the agreement of peers, and steering.
#include "protocol/clock/offset_estimator.h"

#include "protocol/clock/steered_clock.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace ostraka::protocol::clock {
namespace {

using base::Duration;
using base::Instant;

constexpr Duration ms(std::int64_t n) { return Duration::milliseconds(n); }
constexpr Instant at(std::int64_t n) { return Instant() + ms(n); }

OffsetSample sample(std::int64_t offset, std::int64_t delay) {
  return {.offset = ms(offset), .delay = ms(delay)};
}

TEST(SampleOf, IsExactWithEqualWays) {
  const auto it = sample_of({at(0), at(1010), at(1013), at(23)});  // 10 ms each way, 1 s ahead
  ASSERT_TRUE(it.has_value());
  EXPECT_EQ(it->offset, ms(1000));
  EXPECT_EQ(it->delay, ms(20));
}

TEST(SampleOf, RefusesReadingsThatGoBack) {
  EXPECT_FALSE(sample_of({at(0), at(10), at(9), at(20)}).has_value());
  EXPECT_FALSE(sample_of({at(0), at(10), at(30), at(15)}).has_value());
}

RC_GTEST_PROP(SampleOf, ErrsByNoMoreThanHalfTheDelay, ()) {
  const Duration offset = ms(*rc::gen::inRange(-100'000, 100'000));
  const Duration there = ms(*rc::gen::inRange(0, 500));
  const Duration back = ms(*rc::gen::inRange(0, 500));
  const Instant asked = at(200'000);
  const Instant was_asked = asked + there + offset;
  const Instant answers = was_asked + ms(*rc::gen::inRange(0, 50));
  const auto it = sample_of({asked, was_asked, answers, answers - offset + back});
  RC_ASSERT(it.has_value());
  RC_ASSERT(it->delay == there + back);
  RC_ASSERT(it->offset - offset <= it->error() && offset - it->offset <= it->error());
}

TEST(OffsetEstimator, TakesTheLeastDelayOfTheLastEight) {
  OffsetEstimator it;
  EXPECT_FALSE(it.best().has_value());
  it.add(sample(5, 10));
  it.add(sample(50, 100));
  it.add(sample(7, 10));
  EXPECT_EQ(it.best()->offset, ms(7));  // the newest of equals
  for (int i = 0; i < 7; ++i) {
    it.add(sample(60 + i, 200));
  }
  EXPECT_EQ(it.best()->offset, ms(7));
  it.add(sample(70, 200));
  EXPECT_EQ(it.best()->offset, ms(70));
  it.clear();
  EXPECT_FALSE(it.best().has_value());
}

TEST(AgreementOf, NeedsAMajority) {
  EXPECT_FALSE(agreement_of({}).has_value());
  const std::vector<OffsetSample> one{sample(40, 10)};
  EXPECT_EQ(agreement_of(one)->offset, ms(40));
  const std::vector<OffsetSample> two{sample(0, 10), sample(40, 10)};
  EXPECT_FALSE(agreement_of(two).has_value());
  const std::vector<OffsetSample> liar{sample(0, 10), sample(4, 10), sample(900, 10)};
  const auto it = agreement_of(liar);
  ASSERT_TRUE(it.has_value());
  EXPECT_EQ(it->offset, ms(2));  // [-5, 5] and [-1, 9] share [-1, 5]
  EXPECT_EQ(it->delay, ms(6));
  const std::vector<OffsetSample> touching{sample(0, 10), sample(10, 10), sample(90, 10)};
  EXPECT_EQ(agreement_of(touching)->offset, ms(5));
}

TEST(CorrectionFor, HasTheThresholds) {
  constexpr CorrectionLimits kLimits;
  EXPECT_EQ(correction_for(ms(125), kLimits), Correction::slew);
  EXPECT_EQ(correction_for(ms(-125), kLimits), Correction::slew);
  EXPECT_EQ(correction_for(ms(126), kLimits), Correction::step);
  EXPECT_EQ(correction_for(ms(-126), kLimits), Correction::step);
  EXPECT_EQ(correction_for(ms(1'000'000), kLimits), Correction::step);
  EXPECT_EQ(correction_for(ms(1'000'001), kLimits), Correction::panic);
  EXPECT_EQ(correction_for(ms(-1'000'001), kLimits), Correction::panic);
}

TEST(SteeredClock, SlewsAtItsRateAndStepsAtOnce) {
  SteeredClock clock(500);
  clock.slew(ms(10), at(0));
  EXPECT_EQ(clock.read(at(10'000)), at(10'005));
  EXPECT_EQ(clock.left(at(10'000)), ms(5));
  EXPECT_EQ(clock.read(at(20'000)), at(20'010));
  EXPECT_EQ(clock.read(at(90'000)), at(90'010));
  clock.step(ms(-1000), at(90'000));
  EXPECT_EQ(clock.read(at(90'000)), at(89'010));
  EXPECT_EQ(clock.left(at(90'000)), ms(0));
}

// Each nanosecond below counts: a correction in whole microseconds would go back at each of them.
TEST(SteeredClock, GoesOnAtEveryNanosecondWhileItIsSlowedDown) {
  SteeredClock clock(SteeredClock::kSlewMaxPpm);
  clock.slew(ms(-1), Instant());
  for (std::int64_t ns = 1; ns <= 5000; ++ns) {
    const Instant under = Instant() + Duration::nanoseconds(ns);
    ASSERT_EQ(clock.read(under), Instant() + Duration::nanoseconds(ns - ns / 2)) << ns;
  }
  // Two centuries of it are no overflow.
  clock.slew(ms(-1), at(1));
  EXPECT_EQ(clock.left(at(std::int64_t{200} * 365 * 86'400'000)), ms(0));
}

RC_GTEST_PROP(SteeredClock, NeverGoesBackWhileSlewing, ()) {
  SteeredClock clock(*rc::gen::inRange<std::int64_t>(1, SteeredClock::kSlewMaxPpm + 1));
  Instant under;
  Instant last;
  for (int i = 0; i < 30; ++i) {
    under = under + Duration::nanoseconds(*rc::gen::inRange(0, 100'000));
    if (*rc::gen::inRange(0, 3) == 0) {
      clock.slew(Duration::microseconds(*rc::gen::inRange(-200, 200)), under);
    }
    RC_ASSERT(clock.read(under) >= last);
    last = clock.read(under);
  }
}

}  // namespace
}  // namespace ostraka::protocol::clock
