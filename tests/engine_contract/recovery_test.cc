// Errors of the disk while the process lives: what is kept, what is told, and how it ends.
#include "engine_rig.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::engine_test {
namespace {

using port::Family;

void put(EngineRig& rig, base::ByteView key, base::ByteView value) {
  const auto batch = rig.engine().new_batch();
  batch->put(Family::data, key, value);
  const auto status = rig.engine().write(*batch);
  ASSERT_TRUE(status.has_value()) << status.error().to_string();
}

class EngineFaults : public testing::TestWithParam<EngineKind> {};

TEST_P(EngineFaults, AFullDiskServesReadsAndEndsByItself) {
  const auto rig = make_rig(GetParam());
  ASSERT_TRUE(rig->open().has_value());
  put(*rig, "flushed", "1");
  ASSERT_TRUE(rig->flush().has_value());
  const Model checkpoint = rig->contents();
  put(*rig, "waiting", "2");
  const Model before = rig->contents();
  rig->disk()->set_write_fault(DiskError::no_space);
  for (int i = 0; i < 3; ++i) {
    const auto status = rig->flush();
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, base::ErrorCode::disk_full) << status.error().to_string();
    rig->executor().advance(base::Duration::seconds(2));
    EXPECT_EQ(rig->contents(), before);
  }
  if (GetParam() != EngineKind::memory) {
    const auto batch = rig->engine().new_batch();
    batch->put(Family::data, "refused", "3");
    EXPECT_EQ(rig->engine().write(*batch).error().code, base::ErrorCode::disk_full);
    EXPECT_TRUE(rig->engine().stats().write_stalled);
  }
  rig->disk()->set_write_fault(DiskError::none);
  rig->executor().advance(base::Duration::seconds(2));
  EXPECT_FALSE(rig->engine().stats().write_stalled);
  // What was not flushed is kept, or its loss is told.
  EXPECT_EQ(rig->contents(), rig->engine().stats().epoch == 1 ? before : checkpoint);
  put(*rig, "after", "3");
  ASSERT_TRUE(rig->flush().has_value());
  const Model after = rig->contents();
  base::Prng prng(1);
  ASSERT_TRUE(rig->crash(prng).has_value());
  EXPECT_EQ(rig->contents(), after);
}

TEST_P(EngineFaults, AFailedFlushLeavesTheCheckpoint) {
  const auto rig = make_rig(GetParam());
  ASSERT_TRUE(rig->open().has_value());
  put(*rig, "a", "flushed");
  ASSERT_TRUE(rig->flush().has_value());
  const Model checkpoint = rig->contents();
  put(*rig, "a", "not flushed");
  rig->disk()->set_write_fault(DiskError::io);
  const auto status = rig->flush();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, base::ErrorCode::io_error);
  base::Prng prng(2);
  ASSERT_TRUE(rig->crash(prng).has_value());
  EXPECT_EQ(rig->contents(), checkpoint);
}

INSTANTIATE_TEST_SUITE_P(All, EngineFaults,
                         testing::Values(EngineKind::memory, EngineKind::rocksdb_quiet),
                         [](const auto& tested) { return name_of(tested.param); });

TEST(RocksReopen, HandlesOfTheEarlierEpochAnswerIoError) {
  const auto rig = make_rig(EngineKind::rocksdb_quiet);
  ASSERT_TRUE(rig->open().has_value());
  put(*rig, "a", "flushed");
  ASSERT_TRUE(rig->flush().has_value());
  const Model checkpoint = rig->contents();
  put(*rig, "a", "not flushed");
  auto batch = rig->engine().new_batch();
  batch->put(Family::data, "b", "stale");
  auto snapshot = rig->engine().snapshot();
  auto it = rig->engine().iterate({.family = Family::data, .lower = {}, .upper = {}});
  it->seek_first();
  ASSERT_TRUE(it->valid());

  rig->disk()->set_write_fault(DiskError::io);
  ASSERT_FALSE(rig->flush().has_value());
  rig->executor().advance(base::Duration::seconds(2));
  EXPECT_TRUE(rig->engine().stats().write_stalled);
  EXPECT_TRUE(it->valid());  // reads go on while the disk fails
  EXPECT_EQ(it->value(), "not flushed");
  rig->disk()->set_write_fault(DiskError::none);
  rig->executor().advance(base::Duration::seconds(2));
  EXPECT_EQ(rig->engine().stats().epoch, 2U);
  EXPECT_FALSE(rig->engine().stats().write_stalled);

  const auto is_io_error = [](const base::Status& status) {
    return !status.has_value() && status.error().code == base::ErrorCode::io_error;
  };
  EXPECT_TRUE(is_io_error(rig->engine().write(*batch)));
  EXPECT_FALSE(it->valid());
  EXPECT_TRUE(is_io_error(it->status()));
  it->seek_first();
  EXPECT_FALSE(it->valid());
  std::string value;
  const auto found = rig->engine().get(Family::data, "a", value, snapshot.get());
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, base::ErrorCode::io_error);
  const auto stale =
      rig->engine().iterate({.family = Family::data, .lower = {}, .upper = {}}, snapshot.get());
  EXPECT_TRUE(is_io_error(stale->status()));
  EXPECT_FALSE(rig->engine().export_ranges(*snapshot, {}, "x").has_value());
  EXPECT_TRUE(is_io_error(rig->engine().ingest_replacing({}, {}, *batch)));

  EXPECT_EQ(rig->contents(), checkpoint);
  put(*rig, "a", "again");
  ASSERT_TRUE(rig->flush().has_value());
  it.reset();
  snapshot.reset();
  batch.reset();
}

// The disk takes the probe and fails again when the database is opened.
TEST(RocksReopen, WhileItIsClosedEverythingIsRefused) {
  const auto rig = make_rig(EngineKind::rocksdb_quiet);
  ASSERT_TRUE(rig->open().has_value());
  put(*rig, "a", "1");
  rig->disk()->set_write_fault(DiskError::io);
  ASSERT_FALSE(rig->flush().has_value());
  rig->disk()->set_write_fault(DiskError::none);
  while (rig->engine().stats().epoch == 1) {
    rig->executor().advance_once(base::Duration::seconds(1));
  }
  rig->disk()->set_write_fault(DiskError::io);
  rig->executor().run();
  std::string value;
  EXPECT_FALSE(rig->engine().get(Family::data, "a", value).has_value());
  const auto batch = rig->engine().new_batch();
  EXPECT_FALSE(rig->engine().write(*batch).has_value());
  const auto snapshot = rig->engine().snapshot();
  EXPECT_FALSE(rig->engine().get(Family::data, "a", value, snapshot.get()).has_value());
  const auto it = rig->engine().iterate({.family = Family::data, .lower = {}, .upper = {}});
  it->seek_first();
  EXPECT_FALSE(it->valid());
  EXPECT_FALSE(it->status().has_value());
  EXPECT_FALSE(rig->flush().has_value());
  EXPECT_TRUE(rig->engine().stats().write_stalled);
  rig->disk()->set_write_fault(DiskError::none);
  rig->executor().advance(base::Duration::seconds(1));
  EXPECT_FALSE(rig->engine().stats().write_stalled);
  EXPECT_TRUE(rig->engine().get(Family::data, "a", value).has_value());
  EXPECT_TRUE(rig->engine().write(*batch).has_value());
}

}  // namespace
}  // namespace ostraka::engine_test
