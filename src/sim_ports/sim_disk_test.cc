#include "sim_ports/sim_disk.h"

#include "port/file_system_contract.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace ostraka::sim_ports {
namespace {

using port::OpenMode;

struct SimFolder {
  std::unique_ptr<port::FileSystem> open() { return disk.open_process(); }
  SimDisk disk{1U << 30};
};

void write(port::File& file, std::uint64_t offset, base::ByteView bytes) {
  ASSERT_TRUE(file.write_at(offset, {&bytes, 1}).has_value());
}

TEST(SimDisk, ProcessCrashKeepsEverything) {
  SimDisk disk;
  auto files = disk.open_process();
  auto file = files->open("f", OpenMode::create_new).value();
  write(*file, 0, "unsynced");
  disk.crash_process();
  char byte = 0;
  EXPECT_FALSE(file->read_at(0, {&byte, 1}).has_value());  // the handle died with its process
  EXPECT_FALSE(files->exists("f").has_value());
  EXPECT_EQ(disk.contents("f"), "unsynced");
}

TEST(SimDisk, PowerLossTearsAtSectors) {
  bool lost = false;
  bool kept = false;
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    SimDisk disk;
    auto files = disk.open_process();
    auto file = files->open("f", OpenMode::create_new).value();
    write(*file, 0, std::string(2048, 'a'));
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(files->sync_directory(".").has_value());
    write(*file, 100, std::string(1500, 'b'));
    base::Prng prng(seed);
    disk.crash_power(prng);
    const std::string after = disk.contents("f").value();
    ASSERT_EQ(after.size(), 2048U);
    EXPECT_EQ(after.substr(0, 100), std::string(100, 'a'));
    EXPECT_EQ(after.substr(1600), std::string(448, 'a'));
    std::set<char> seen(after.begin() + 100, after.begin() + 1600);
    lost |= seen == std::set<char>{'a'};
    kept |= seen == std::set<char>{'b'};
    torn |= seen.size() == 2;
    for (std::size_t sector = 0; sector < 3; ++sector) {
      const std::size_t from = std::max<std::size_t>(100, sector * 512);
      const std::size_t to = std::min<std::size_t>(1600, sector * 512 + 512);
      EXPECT_EQ(std::set<char>(after.begin() + static_cast<std::ptrdiff_t>(from),
                               after.begin() + static_cast<std::ptrdiff_t>(to))
                    .size(),
                1U);
    }
  }
  EXPECT_TRUE(lost && kept && torn);
}

TEST(SimDisk, NamesNeedASyncOfTheirFolder) {
  std::set<bool> survived;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    SimDisk disk;
    auto files = disk.open_process();
    auto file = files->open("f", OpenMode::create_new).value();
    write(*file, 0, "x");
    ASSERT_TRUE(file->sync().has_value());
    base::Prng prng(seed);
    disk.crash_power(prng);
    survived.insert(disk.contents("f").has_value());
  }
  EXPECT_EQ(survived.size(), 2U);
}

TEST(SimDisk, ReplaceFileIsAtomicAtEveryEvent) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk;
    auto files = disk.open_process();
    ASSERT_TRUE(port::replace_file(*files, "f", "old").has_value());
    disk.crash_at_event(disk.events() + 1 + seed % 8);
    const base::Status replaced = port::replace_file(*files, "f", "new");
    base::Prng prng(seed);
    disk.crash_power(prng);
    const std::string now = disk.contents("f").value_or("missing");
    EXPECT_TRUE(now == "new" || (now == "old" && !replaced.has_value())) << seed << " " << now;
  }
}

TEST(SimDisk, AFailedSyncIsNeverMadeUp) {
  SimDisk disk;
  auto files = disk.open_process();
  auto file = files->open("f", OpenMode::create_new).value();
  ASSERT_TRUE(files->sync_directory(".").has_value());
  write(*file, 0, "data");
  disk.faults().fail_sync_in = 1;
  EXPECT_FALSE(file->sync().has_value());
  EXPECT_EQ(disk.contents("f"), "data");
  EXPECT_TRUE(file->sync().has_value());
  base::Prng prng(1);
  disk.crash_power(prng);
  EXPECT_NE(disk.contents("f"), "data");
}

TEST(SimDisk, CapacityBoundsGrowthOnly) {
  SimDisk disk(1000);
  auto files = disk.open_process();
  auto file = files->open("f", OpenMode::create_new).value();
  ASSERT_TRUE(file->preallocate(1000).has_value());
  EXPECT_EQ(files->free_bytes().value(), 0U);
  write(*file, 0, std::string(1000, 'x'));
  const base::ByteView more = "y";
  EXPECT_EQ(file->write_at(1000, {&more, 1}).error().code, base::ErrorCode::disk_full);
  disk.set_capacity(2000);
  write(*file, 1000, "y");
}

TEST(SimDisk, LostMisdirectedStaleAndRotten) {
  SimDisk disk;
  auto files = disk.open_process();
  auto file = files->open("f", OpenMode::create_new).value();
  write(*file, 0, "0123456789");
  disk.faults().lose_write_to = "f";
  write(*file, 0, "xx");
  EXPECT_EQ(disk.contents("f"), "0123456789");
  disk.faults().misdirect_write_to = {"f", 8};
  write(*file, 0, "yy");
  EXPECT_EQ(disk.contents("f"), "01234567yy");
  disk.faults().stale_read_of = "f";
  std::string out(10, ' ');
  EXPECT_EQ(file->read_at(0, out).value(), 10U);
  EXPECT_EQ(out, "0123456789");
  EXPECT_TRUE(disk.rot("f", 0));
  EXPECT_EQ(disk.contents("f"), "11234567yy");
  EXPECT_FALSE(disk.rot("f", 10));
}

TEST(SimDisk, TheDeadMachineDoesNothing) {
  SimDisk disk;
  auto files = disk.open_process();
  auto file = files->open("f", OpenMode::create_new).value();
  disk.crash_at_event(disk.events() + 2);
  write(*file, 0, "one");
  const base::ByteView two = "two";
  EXPECT_FALSE(file->write_at(0, {&two, 1}).has_value());
  EXPECT_TRUE(disk.is_dead());
  EXPECT_FALSE(file->sync().has_value());
  EXPECT_FALSE(files->open("g", OpenMode::create_new).has_value());
  EXPECT_EQ(disk.contents("f"), "one");
  disk.crash_process();
  EXPECT_FALSE(disk.is_dead());
}

}  // namespace
}  // namespace ostraka::sim_ports

namespace ostraka::port {
INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, FileSystemContract, sim_ports::SimFolder);
}  // namespace ostraka::port
