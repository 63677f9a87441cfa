#include "protocol/core/election.h"

#include <gtest/gtest.h>

namespace ostraka::protocol {
namespace {

base::Instant at(std::int64_t ms) { return base::Instant{} + base::Duration::milliseconds(ms); }

TEST(LeasePromise, IsReleasedByItsLeaderOrALaterOne) {
  LeasePromise promise;
  promise.extend(at(250), model::Term{3}, 7);
  EXPECT_FALSE(promise.is_released(model::Term{2}, 100, at(0)));
  EXPECT_FALSE(promise.is_released(model::Term{3}, 6, at(0)));  // given again after it gave up
  EXPECT_TRUE(promise.is_released(model::Term{3}, 7, at(0)));
  EXPECT_TRUE(promise.is_released(model::Term{4}, 0, at(0)));
}

TEST(LeasePromise, OfAnEarlierLifeIsKeptToTheEnd) {
  LeasePromise promise{.until = at(250), .term = model::Term{3}, .former_until = at(250)};
  EXPECT_FALSE(promise.is_released(model::Term{3}, 7, at(249)));
  EXPECT_TRUE(promise.is_released(model::Term{3}, 7, at(250)));
}

TEST(LeasePromise, NeverFalls) {
  LeasePromise promise;
  promise.extend(at(250), model::Term{3}, 7);
  promise.extend(at(200), model::Term{3}, 6);  // a late heartbeat
  EXPECT_EQ(promise.until, at(250));
  EXPECT_EQ(promise.round, 7U);
  promise.extend(at(200), model::Term{4}, 1);
  EXPECT_EQ(promise.until, at(250));
  EXPECT_EQ(promise.term, model::Term{4});
  EXPECT_EQ(promise.round, 1U);
}

TEST(Election, TimeOutsLieWithinTheirBounds) {
  const Settings settings;
  base::Prng prng(7);
  for (int i = 0; i < 1000; ++i) {
    const base::Duration period = draw_election_timeout(settings, false, prng);
    EXPECT_GE(period, settings.election_timeout_min);
    EXPECT_LE(period, settings.election_timeout_max);
    const base::Duration soon = draw_election_timeout(settings, true, prng);
    EXPECT_GE(soon, settings.heartbeat_interval * 2);
    EXPECT_LE(soon, settings.heartbeat_interval * 5);
    const base::Duration early = draw_early_campaign(settings, prng);
    EXPECT_GE(early, base::Duration{});
    EXPECT_LE(early, (settings.election_timeout_max - settings.election_timeout_min) / 2);
  }
}

}  // namespace
}  // namespace ostraka::protocol
