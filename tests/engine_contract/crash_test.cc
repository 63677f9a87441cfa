// The power is cut at file events one after the other; after each cut the engine holds exactly the
// state of some completed flush or ingest, never an earlier one than the last that was reported.
#include "engine_rig.h"
#include "script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace ostraka::engine_test {
namespace {

constexpr int kSteps = 60;

class EngineCrash : public testing::TestWithParam<EngineKind> {
 protected:
  // How many file events the whole script takes.
  static std::uint64_t events_of(std::uint64_t seed) {
    const auto rig = make_rig(GetParam());
    EXPECT_TRUE(rig->open().has_value());
    Script script(*rig, seed);
    for (int i = 0; i < kSteps; ++i) {
      EXPECT_TRUE(script.step());
    }
    return rig->disk()->events();
  }

  static void cut_at(std::uint64_t seed, std::uint64_t event) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", event " + std::to_string(event));
    const auto rig = make_rig(GetParam());
    rig->disk()->cut_power_at(event);
    base::Prng prng(seed * 100'003 + event);
    std::optional<Script> script;
    if (rig->open().has_value()) {
      script.emplace(*rig, seed);
      for (int i = 0; i < kSteps && script->step(); ++i) {
      }
    }
    const auto reopened = rig->crash(prng);
    ASSERT_TRUE(reopened.has_value()) << reopened.error().to_string();
    const Model found = rig->contents();
    if (!script.has_value()) {
      ASSERT_EQ(found, Model{});
      return;
    }
    ASSERT_TRUE(std::ranges::find(script->possible(), found) != script->possible().end());
    // It goes on from there, and the next crash finds the next checkpoint.
    script->restarted(found);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(script->step());
    }
    ASSERT_EQ(rig->contents(), script->now());
    ASSERT_TRUE(rig->crash(prng).has_value());
    ASSERT_EQ(rig->contents(), script->possible().front());
  }
};

TEST_P(EngineCrash, LeavesTheStateOfACompletedFlush) {
  const std::uint64_t seed = 42;
  const std::uint64_t events = events_of(seed);
  ASSERT_GT(events, 50U);
  // RocksDB takes many events and milliseconds for each cut, so that every third must do; the other
  // test draws from all of them.
  const std::uint64_t stride = GetParam() == EngineKind::memory ? 1 : 3;
  for (std::uint64_t event = 1; event <= events; event += stride) {
    cut_at(seed, event);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_P(EngineCrash, LeavesTheStateOfACompletedFlushForManySeeds) {
  base::Prng prng(5);
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    const std::uint64_t events = events_of(seed);
    for (int i = 0; i < 12; ++i) {
      cut_at(seed, 1 + prng.below(events));
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineCrash, testing::Values(EngineKind::memory, EngineKind::rocksdb),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
