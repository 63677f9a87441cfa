// Random operations compared with the model after every step, crashes between steps included.
#include "engine_rig.h"
#include "script.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ostraka::engine_test {
namespace {

class EngineRandom : public testing::TestWithParam<EngineKind> {};

TEST_P(EngineRandom, AgreesWithTheModel) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto rig = make_rig(GetParam());
    ASSERT_TRUE(rig->open().has_value());
    base::Prng prng(seed);
    Script script(*rig, seed);
    for (int i = 0; i < 150; ++i) {
      ASSERT_TRUE(script.step());
      ASSERT_EQ(rig->contents(), script.now()) << "seed " << seed << " step " << i;
      if (prng.chance(1, 25)) {
        ASSERT_TRUE(rig->crash(prng).has_value());
        const Model found = rig->contents();
        ASSERT_EQ(found, script.possible().front()) << "seed " << seed << " step " << i;
        script.restarted(found);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineRandom,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb,
                                         EngineKind::rocksdb_files),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
