#include "protocol/core/issued_writes.h"

#include "protocol/core/shadow_log.h"

#include <gtest/gtest.h>

#include <memory>

namespace ostraka::protocol {
namespace {

IssuedWrite append(std::uint64_t token, std::uint64_t index) {
  IssuedWrite write;
  write.append.present = true;
  write.append.token = AppendToken{token};
  write.append.entries = {{model::LogIndex{index}, model::Term{1}, EntryKind::data, 1}};
  return write;
}

IssuedWrite snapshot(std::uint64_t index) {
  IssuedWrite write;
  write.snapshot = SnapshotMeta{model::LogIndex{index}, model::Term{1},
                                std::make_shared<model::Configuration>()};
  return write;
}

// A disk whose log begins behind `base` and holds `entries` more.
Recovered recovered(std::uint64_t base, std::uint64_t entries) {
  Recovered disk;
  disk.snapshot = *snapshot(base).snapshot;
  disk.snapshot.term = model::Term{base == 0 ? 0U : 1U};
  for (std::uint64_t i = 1; i <= entries; ++i) {
    disk.entries.push_back({model::LogIndex{base + i}, model::Term{1}, EntryKind::data, 1});
  }
  return disk;
}

ShadowLog shadow(const Recovered& disk) {
  ShadowLog log;
  log.adopt(disk, 0);
  return log;
}

TEST(IssuedWrites, AppendsOvertakeASnapshot) {
  IssuedWrites writes;
  writes.push(append(1, 1));
  writes.push(snapshot(9));
  writes.push(append(2, 10));
  writes.push(append(3, 11));
  EXPECT_EQ(writes.take_durable(AppendToken{2}).size(), 2U);
  const auto rest = writes.take_through_snapshot();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_TRUE(rest.front().snapshot.has_value());
  EXPECT_FALSE(writes.empty());
}

TEST(IssuedWrites, ACrashLeavesAPrefix) {
  IssuedWrites writes;
  writes.push(append(1, 1));
  writes.push(append(2, 2));
  writes.push(append(3, 3));
  EXPECT_EQ(writes.take_survivors(shadow(recovered(0, 0)), recovered(0, 2)).size(), 2U);
  EXPECT_TRUE(writes.empty());
}

TEST(IssuedWrites, ACrashLeavesTheSnapshotOrNot) {
  for (const bool survives : {false, true}) {
    IssuedWrites writes;
    writes.push(append(1, 1));
    writes.push(snapshot(9));
    const auto left = writes.take_survivors(shadow(recovered(0, 0)),
                                            survives ? recovered(9, 0) : recovered(0, 1));
    ASSERT_FALSE(left.empty());
    EXPECT_EQ(left.back().snapshot.has_value(), survives);
  }
}

TEST(IssuedWrites, WhatNoCrashCanLeaveIsNotTaken) {
  IssuedWrites writes;
  writes.push(append(1, 1));
  EXPECT_TRUE(writes.take_survivors(shadow(recovered(0, 0)), recovered(0, 2)).empty());
  EXPECT_FALSE(writes.empty());
}

}  // namespace
}  // namespace ostraka::protocol
