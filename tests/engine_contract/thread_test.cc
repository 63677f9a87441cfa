// Blocking methods on another thread while the reactor reads and writes: for ThreadSanitizer, and
// for what each side must see.
#include "engine_rig.h"
#include "shards.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

// The packaged librocksdb is not instrumented: its own synchronisation is invisible, and whatever
// two threads do inside it looks like a race. What our code does between calls is still checked.
// The name is the runtime's.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:librocksdb\nrace:rocksdb::\n"; }
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace ostraka::engine_test {
namespace {

using port::Family;

class EngineThreads : public testing::TestWithParam<EngineKind> {};

TEST_P(EngineThreads, ExportAndIngestBesideWrites) {
  const auto rig = make_rig(GetParam());
  ASSERT_TRUE(rig->open().has_value());
  port::Engine& engine = rig->engine();
  const auto fill = engine.new_batch();
  for (int i = 0; i < 300; ++i) {
    fill->put(Family::data, "a" + std::to_string(i), "1");
  }
  ASSERT_TRUE(engine.write(*fill).has_value());
  const auto snapshot = engine.snapshot();
  const auto extra = engine.new_batch();
  extra->put(Family::meta, "meta/a", "ingested");
  base::Status ingested;
  std::thread pool([&] {
    const auto tables = engine.export_ranges(*snapshot, ranges_of("a"), "snapshots/t");
    ingested = tables.has_value() ? engine.ingest_replacing(ranges_of("a"), *tables, *extra)
                                  : base::Status(std::unexpected(tables.error()));
  });
  const auto batch = engine.new_batch();
  std::string value;
  for (int i = 0; i < 2000; ++i) {
    batch->clear();
    batch->put(Family::data, "b" + std::to_string(i), "2");
    ASSERT_TRUE(engine.write(*batch).has_value());
    ASSERT_TRUE(engine.get(Family::data, "b" + std::to_string(i), value).has_value());
    if (i % 100 == 0) {
      const auto it = engine.iterate({.family = Family::data, .lower = "b", .upper = "c"});
      int count = 0;
      for (it->seek_first(); it->valid(); it->next()) {
        ++count;
      }
      ASSERT_EQ(count, i + 1);
    }
  }
  pool.join();
  ASSERT_TRUE(ingested.has_value()) << ingested.error().to_string();
  const Model found = rig->contents();
  EXPECT_EQ(found[static_cast<std::size_t>(Family::data)].size(), 2300U);
  EXPECT_EQ(found[static_cast<std::size_t>(Family::meta)].at("meta/a"), "ingested");
}

// The reactor reads, and now and then needs the end before the pool has begun.
TEST_P(EngineThreads, BatchesBesideReads) {
  const auto rig = make_rig(GetParam());
  ASSERT_TRUE(rig->open().has_value());
  port::Engine& engine = rig->engine();
  const auto batch = engine.new_batch();
  std::string value;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "k" + std::to_string(i);
    batch->clear();
    batch->put(Family::data, key, "1");
    batch->put(Family::session, key, "1");
    const auto write = engine.begin_write(*batch);
    std::thread pool([&] { rig->executor().run(); });
    bool seen = false;
    do {
      const auto found = engine.get(Family::session, key, value);
      ASSERT_TRUE(found.has_value());
      seen = *found;
    } while (i % 2 == 0 && !write->done());
    ASSERT_TRUE(write->finish().has_value());
    ASSERT_TRUE(engine.get(Family::data, key, value).value());
    pool.join();
    ASSERT_TRUE(!seen || engine.get(Family::session, key, value).value());
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineThreads,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
