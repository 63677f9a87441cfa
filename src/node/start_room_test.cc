// The room that a start on a full disk has.
#include "node/internal/start_room.h"

#include "base/prng.h"
#include "sim_ports/sim_disk.h"

#include <gtest/gtest.h>

namespace ostraka::node {
namespace {

TEST(StartRoom, IsKeptWhereThereIsPlentyAndGivenUpByAStartOnAFullDisk) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  EXPECT_FALSE(secure_start_room(*files).value());
  EXPECT_EQ(disk.used_bytes(), kStartRoomBytes);
  EXPECT_FALSE(secure_start_room(*files).value());
  disk.set_capacity(disk.used_bytes());
  EXPECT_TRUE(secure_start_room(*files).value());
  EXPECT_EQ(disk.used_bytes(), 0U);
  disk.set_capacity(kStartBytesMin - 1);
  const auto second = secure_start_room(*files);
  ASSERT_FALSE(second.has_value()) << "there is none twice";
  EXPECT_EQ(second.error().code, base::ErrorCode::disk_full);
  disk.set_capacity(sim_ports::SimDisk::kUnlimited);
  EXPECT_FALSE(secure_start_room(*files).value());
  EXPECT_EQ(disk.used_bytes(), kStartRoomBytes);
}

TEST(StartRoom, IsNotTakenFromASmallDisk) {
  sim_ports::SimDisk disk(4 * kStartRoomBytes);
  auto files = disk.open_process();
  EXPECT_FALSE(secure_start_room(*files).value());
  EXPECT_EQ(disk.used_bytes(), 0U);
}

}  // namespace
}  // namespace ostraka::node
