// Write faults that come and go under random operations: nothing is lost but what the engine says
// it lost, and what it reported durable survives a crash.
#include "engine_rig.h"
#include "script.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ostraka::engine_test {
namespace {

class EngineFaultsRandom : public testing::TestWithParam<EngineKind> {
 protected:
  static void run(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto rig = make_rig(GetParam());
    ASSERT_TRUE(rig->open().has_value());
    base::Prng prng(seed);
    Script script(*rig, seed);
    std::uint64_t epoch = 1;
    for (int i = 0; i < 80; ++i) {
      if (prng.chance(1, 10)) {
        rig->disk()->set_write_fault(prng.chance(1, 3) ? DiskError::io : DiskError::no_space);
      }
      const bool done = script.step();
      if (done && !prng.chance(1, 20)) {
        continue;
      }
      rig->disk()->set_write_fault(DiskError::none);
      for (int second = 0; second < 4; ++second) {
        rig->executor().advance(base::Duration::seconds(1));
      }
      ASSERT_FALSE(rig->engine().stats().write_stalled);
      const Model found = rig->contents();
      if (rig->engine().stats().epoch == epoch) {
        // Kept, or the failed operation was done after all.
        ASSERT_TRUE(found == script.now() || (!done && found == script.possible().back()));
      } else {
        ASSERT_NE(std::ranges::find(script.possible(), found), script.possible().end());
        epoch = rig->engine().stats().epoch;
        script.restarted(found);
        continue;
      }
      script.went_on(found);
      if (prng.chance(1, 2)) {
        ASSERT_TRUE(rig->crash(prng).has_value());
        epoch = 1;
        const Model after = rig->contents();
        ASSERT_NE(std::ranges::find(script.possible(), after), script.possible().end());
        script.restarted(after);
      }
    }
  }
};

TEST_P(EngineFaultsRandom, NothingIsLostSilently) {
  for (std::uint64_t seed = 1; seed <= 25 && !HasFatalFailure(); ++seed) {
    run(seed);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineFaultsRandom,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb_quiet),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
