// Snapshots of a shard's ranges: export, and ingest in place of what was there.
#include "engine_rig.h"
#include "shards.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::engine_test {
namespace {

using port::Family;

class EngineIngest : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_->open().has_value());
    const auto batch = rig_->engine().new_batch();
    for (const std::string shard : {"a", "b"}) {
      for (int i = 0; i < 200; ++i) {
        batch->put(Family::data, shard + std::to_string(i), "1");
      }
      batch->put(Family::session, shard + "s", "1");
      batch->put(Family::meta, "meta/" + shard, "1");
    }
    ASSERT_TRUE(rig_->engine().write(*batch).has_value());
  }

  std::vector<port::TableFile> exported(const std::string& shard) {
    const auto snapshot = rig_->engine().snapshot();
    auto tables = rig_->engine().export_ranges(*snapshot, ranges_of(shard), "snapshots/one");
    EXPECT_TRUE(tables.has_value()) << tables.error().to_string();
    return tables.has_value() ? *tables : std::vector<port::TableFile>{};
  }
  base::Status ingest(const std::string& shard, const std::vector<port::TableFile>& tables,
                      const std::string& meta) {
    const auto extra = rig_->engine().new_batch();
    extra->put(Family::meta, "meta/" + shard, meta);
    return rig_->engine().ingest_replacing(ranges_of(shard), tables, *extra);
  }
  void change_everything() {
    const auto batch = rig_->engine().new_batch();
    for (const std::string shard : {"a", "b"}) {
      batch->remove_range(Family::data, shard + "1", shard + "2");
      batch->put(Family::data, shard + "5", "2");
      batch->put(Family::data, shard + "new", "2");
      batch->put(Family::expiry, shard + "new", "2");
      batch->put(Family::session, shard + "s", "2");
      batch->put(Family::meta, "meta/" + shard, "2");
    }
    ASSERT_TRUE(rig_->engine().write(*batch).has_value());
  }
  void crash() {
    base::Prng prng(3);
    ASSERT_TRUE(rig_->crash(prng).has_value());
  }

  std::unique_ptr<EngineRig> rig_ = make_rig(GetParam());
};

TEST_P(EngineIngest, ExportSeesTheSnapshot) {
  const auto snapshot = rig_->engine().snapshot();
  const Model then = rig_->contents();
  change_everything();
  const auto tables = rig_->engine().export_ranges(*snapshot, ranges_of("a"), "snapshots/x/y");
  ASSERT_TRUE(tables.has_value());
  ASSERT_EQ(tables->size(), 3U);  // nothing in history and expiry
  for (const port::TableFile& table : *tables) {
    EXPECT_GT(table.bytes, 0U);
    EXPECT_TRUE(table.path.starts_with("snapshots/x/y/")) << table.path;
  }
  Model expected = rig_->contents();
  ASSERT_TRUE(ingest("a", *tables, "3").has_value());
  ingest_into(expected, "a", then, "3");
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, ReplacesOneShardDurablyAndLeavesTheOther) {
  const Model then = rig_->contents();
  const auto tables = exported("a");
  change_everything();
  const auto frozen = rig_->engine().snapshot();
  const Model before = rig_->contents();
  Model expected = before;
  ASSERT_TRUE(ingest("a", tables, "3").has_value());
  ingest_into(expected, "a", then, "3");
  EXPECT_EQ(rig_->contents(), expected);
  EXPECT_EQ(rig_->contents(frozen.get()), before);

  // Without another flush: what the other shard had in memory was written before, so it is
  // durable too.
  const auto batch = rig_->engine().new_batch();
  batch->put(Family::data, "b-after", "lost");
  ASSERT_TRUE(rig_->engine().write(*batch).has_value());
}

TEST_P(EngineIngest, IsDurableWithoutAnotherFlush) {
  const Model then = rig_->contents();
  const auto tables = exported("a");
  change_everything();
  Model expected = rig_->contents();
  ASSERT_TRUE(ingest("a", tables, "3").has_value());
  ingest_into(expected, "a", then, "3");
  const auto batch = rig_->engine().new_batch();
  batch->put(Family::data, "b-after", "lost");
  ASSERT_TRUE(rig_->engine().write(*batch).has_value());
  crash();
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, WritesAfterAnIngestHideIt) {
  const Model then = rig_->contents();
  const auto tables = exported("a");
  Model expected = rig_->contents();
  ASSERT_TRUE(ingest("a", tables, "3").has_value());
  ingest_into(expected, "a", then, "3");
  const auto batch = rig_->engine().new_batch();
  batch->put(Family::data, "a7", "newer");
  batch->remove(Family::data, "a8");
  ASSERT_TRUE(rig_->engine().write(*batch).has_value());
  expected[0]["a7"] = "newer";
  expected[0].erase("a8");
  EXPECT_EQ(rig_->contents(), expected);
  ASSERT_TRUE(rig_->flush().has_value());
  crash();
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, WithoutTablesItClears) {
  Model expected = rig_->contents();
  ASSERT_TRUE(ingest("a", {}, "empty").has_value());
  ingest_into(expected, "a", {}, "empty");
  EXPECT_EQ(rig_->contents(), expected);
  crash();
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, RangesMayReachTheEnd) {
  const auto snapshot = rig_->engine().snapshot();
  const std::vector<port::FamilyRange> ranges = {
      {.family = Family::data, .lower = "b", .upper = ""}};
  const auto tables = rig_->engine().export_ranges(*snapshot, ranges, "snapshots/end");
  ASSERT_TRUE(tables.has_value());
  Model expected = rig_->contents();
  const auto batch = rig_->engine().new_batch();
  batch->put(Family::data, "zz", "later");
  ASSERT_TRUE(rig_->engine().write(*batch).has_value());
  const auto extra = rig_->engine().new_batch();
  ASSERT_TRUE(rig_->engine().ingest_replacing(ranges, *tables, *extra).has_value());
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, ExtraMayPutRemoveAndRemoveRanges) {
  const Model then = rig_->contents();
  const auto tables = exported("a");
  Model expected = rig_->contents();
  const auto extra = rig_->engine().new_batch();
  extra->put(Family::data, "a1", "hidden");
  extra->remove_range(Family::data, "a1", "a2");
  extra->put(Family::data, "a11", "extra");
  extra->remove(Family::data, "a5");
  extra->put(Family::data, "b5", "outside the ranges");
  extra->put(Family::meta, "meta/a", "3");
  ASSERT_TRUE(rig_->engine().ingest_replacing(ranges_of("a"), tables, *extra).has_value());
  ingest_into(expected, "a", then, "3");
  erase_range(expected[0], "a1", "a2");
  expected[0]["a11"] = "extra";
  expected[0].erase("a5");
  expected[0]["b5"] = "outside the ranges";
  EXPECT_EQ(rig_->contents(), expected);
  crash();
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, RefusesTablesOutsideTheRanges) {
  const auto tables = exported("b");
  const Model expected = rig_->contents();
  const auto extra = rig_->engine().new_batch();
  const auto status = rig_->engine().ingest_replacing(ranges_of("a"), tables, *extra);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, base::ErrorCode::corruption);
  EXPECT_EQ(rig_->contents(), expected);
}

TEST_P(EngineIngest, RefusesDamagedTables) {
  if (rig_->disk() == nullptr) {
    GTEST_SKIP() << "damage is done on the simulated disk";
  }
  const Model expected = rig_->contents();
  base::Prng prng(11);
  for (int i = 0; i < 20; ++i) {
    const auto tables = exported("a");
    const auto& victim = tables[prng.below(tables.size())];
    InodePtr inode;
    ASSERT_EQ(rig_->disk()->open(victim.path, inode), DiskError::none);
    // In the data, which a checksum must cover; the form of the rest is the engine's own.
    const auto at = prng.below(inode->data.size() / 4);
    inode->data[at] = static_cast<char>(inode->data[at] ^ 0x10);
    EXPECT_FALSE(ingest("a", tables, "3").has_value());
    EXPECT_EQ(rig_->contents(), expected);
  }
}

TEST_P(EngineIngest, ManyIngestsOverEachOther) {
  const Model then = rig_->contents();
  for (int i = 0; i < 12; ++i) {
    const std::string shard = i % 2 == 0 ? "a" : "b";
    const auto snapshot = rig_->engine().snapshot();
    const Model frozen = rig_->contents();
    const auto tables =
        rig_->engine().export_ranges(*snapshot, ranges_of(shard), "snapshots/" + std::to_string(i));
    ASSERT_TRUE(tables.has_value());
    change_everything();
    Model expected = rig_->contents();
    ASSERT_TRUE(ingest(shard, *tables, std::to_string(i)).has_value());
    ingest_into(expected, shard, frozen, std::to_string(i));
    ASSERT_EQ(rig_->contents(), expected);
    if (i % 3 == 0) {
      crash();
      ASSERT_EQ(rig_->contents(), expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineIngest,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb,
                                         EngineKind::rocksdb_files),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace ostraka::engine_test
