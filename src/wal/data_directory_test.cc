#include "wal/data_directory.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/prng.h"
#include "sim_ports/sim_disk.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::wal {
namespace {

using base::ErrorCode;

const Identity kIdentity{model::ClusterId{0xC1}, model::NodeId{3}, model::Incarnation{0xABCDEF}};

TEST(DataDirectory, AFreshOneHasNoIdentityUntilItIsGivenOne) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  ASSERT_TRUE(open_data_directory(*files).has_value());
  EXPECT_FALSE(open_data_directory(*files)->has_value());
  ASSERT_TRUE(initialise_data_directory(*files, kIdentity).has_value());
  EXPECT_EQ(open_data_directory(*files)->value(), kIdentity);
  EXPECT_EQ(initialise_data_directory(*files, kIdentity).error().code, ErrorCode::already_exists);
}

TEST(DataDirectory, IsMadeDurablyOrNotAtAll) {
  for (std::uint64_t event = 1; event <= 8; ++event) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      sim_ports::SimDisk disk;
      auto files = disk.open_process();
      disk.crash_at_event(event);
      const bool made = initialise_data_directory(*files, kIdentity).has_value();
      base::Prng prng(seed);
      files.reset();
      disk.crash_power(prng);
      files = disk.open_process();
      const auto found = open_data_directory(*files);
      ASSERT_TRUE(found.has_value()) << found.error().to_string();
      EXPECT_TRUE(!made || found->has_value());
      if (found->has_value()) {
        EXPECT_EQ(**found, kIdentity);
      }
    }
  }
}

TEST(DataDirectory, ABarredOneIsNeverOpenedAgain) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  ASSERT_TRUE(initialise_data_directory(*files, kIdentity).has_value());
  ASSERT_TRUE(bar_data_directory(*files, "entries 3 to 7 are gone").has_value());
  base::Prng prng(1);
  files.reset();
  disk.crash_power(prng);
  files = disk.open_process();
  const auto found = open_data_directory(*files);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::log_lost);
  EXPECT_NE(found.error().context.find("entries 3 to 7"), std::string::npos);
}

TEST(DataDirectory, EveryDamageIsRefused) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  ASSERT_TRUE(initialise_data_directory(*files, kIdentity).has_value());
  const std::string good = disk.contents("IDENTITY").value();
  ASSERT_EQ(good.size(), 64U);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ 0x20U);
    disk.set_contents("IDENTITY", bad);
    EXPECT_EQ(open_data_directory(*files).error().code, ErrorCode::corruption) << at;
  }
  for (const std::string& bad : {std::string(), good.substr(0, 63), good + "x"}) {
    disk.set_contents("IDENTITY", bad);
    EXPECT_EQ(open_data_directory(*files).error().code, ErrorCode::corruption) << bad.size();
  }
}

std::string with_checksum(std::string identity) {
  identity.resize(56);
  base::Writer(identity).u64(base::hash64(identity));
  return identity;
}

TEST(DataDirectory, KeepsTheEngine) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  Identity identity = kIdentity;
  identity.engine = 2;
  ASSERT_TRUE(initialise_data_directory(*files, identity).has_value());
  EXPECT_EQ(open_data_directory(*files)->value(), identity);
  const std::string good = disk.contents("IDENTITY").value();
  EXPECT_EQ(good[8], 2) << "a program that knows no engines refuses it";
  EXPECT_EQ(good[28], 2);
  for (const char engine : {'\0', '\1'}) {  // such a directory has the older format
    std::string bad = good;
    bad[28] = engine;
    disk.set_contents("IDENTITY", with_checksum(bad));
    EXPECT_EQ(open_data_directory(*files).error().code, ErrorCode::corruption);
  }
  std::string later = good;
  later[8] = 3;
  disk.set_contents("IDENTITY", with_checksum(later));
  EXPECT_EQ(open_data_directory(*files).error().code, ErrorCode::format_unknown);
}

// Bytes of a directory from before there was a choice, and of one of Raft: the same.
TEST(DataDirectory, OneWithoutAnEngineIsOfRaft) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  ASSERT_TRUE(initialise_data_directory(*files, kIdentity).has_value());
  const std::string bytes = disk.contents("IDENTITY").value();
  EXPECT_EQ(bytes[8], 1);
  EXPECT_EQ(bytes.substr(28, 4), std::string(4, '\0'));
  EXPECT_EQ(open_data_directory(*files)->value().engine, kRaft);
}

TEST(DataDirectory, ALogWithoutIdentityIsDamage) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  ASSERT_TRUE(files->make_directory("wal/0").has_value());
  EXPECT_EQ(open_data_directory(*files).error().code, ErrorCode::corruption);
}

TEST(DataDirectory, BelongsToOneProcessAndOneNode) {
  sim_ports::SimDisk disk;
  auto files = disk.open_process();
  auto other = disk.open_process();
  ASSERT_TRUE(open_data_directory(*files).has_value());
  EXPECT_EQ(open_data_directory(*other).error().code, ErrorCode::busy);
  EXPECT_TRUE(check_identity(kIdentity, model::ClusterId{0xC1}, model::NodeId{3}).has_value());
  const base::Error cluster =
      check_identity(kIdentity, model::ClusterId{0xC2}, model::NodeId{3}).error();
  EXPECT_EQ(cluster.code, ErrorCode::identity_mismatch);
  EXPECT_NE(cluster.context.find("00000000000000c1"), std::string::npos);
  EXPECT_EQ(check_identity(kIdentity, model::ClusterId{0xC1}, model::NodeId{4}).error().code,
            ErrorCode::identity_mismatch);
}

}  // namespace
}  // namespace ostraka::wal
