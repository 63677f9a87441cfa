// RocksDB's messages go to a bounded file, and a full disk costs messages only.
#include "engine_rocksdb/internal/info_log.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace ostraka::engine_rocksdb {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class InfoLogTest : public testing::Test {
 protected:
  InfoLogTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "info_log.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~InfoLogTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(InfoLogTest, WritesWarningsAndKeepsWhatIsThere) {
  const auto path = folder_ / "LOG";
  for (const char* word : {"first", "second"}) {
    const auto log = make_info_log(path);
    rocksdb::Warn(log, "the %s warning", word);
    rocksdb::Info(log, "not of interest");
  }
  const std::string text = text_of(path);
  EXPECT_NE(text.find("Z [WARN] the first warning\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("Z [WARN] the second warning\n")) << text;
  EXPECT_EQ(text.find("interest"), std::string::npos) << text;
}

// RocksDB 7.8.3's own logger aborts the process at the second message here.
TEST_F(InfoLogTest, AFullDiskCostsMessagesOnly) {
  const auto path = folder_ / "LOG";
  std::filesystem::create_symlink("/dev/full", path);
  const auto log = make_info_log(path);
  for (int i = 0; i < 3; ++i) {
    rocksdb::Error(log, "no space left");
  }
  EXPECT_EQ(log->GetLogFileSize(), 0U);
}

TEST_F(InfoLogTest, TheFileIsBoundedAndLongMessagesAreCut) {
  const auto path = folder_ / "LOG";
  const auto log = make_info_log(path);
  const std::string message(std::size_t{3} << 10, 'x');
  for (int i = 0; i < 1200; ++i) {
    rocksdb::Warn(log, "%d %s", i, message.c_str());
  }
  constexpr std::uintmax_t kBytesMax = std::uintmax_t{1} << 20;
  EXPECT_LE(std::filesystem::file_size(path), kBytesMax);
  EXPECT_LE(std::filesystem::file_size(folder_ / "LOG.old"), kBytesMax);
  EXPECT_NE(text_of(path).find("[WARN] 1199 xxx"), std::string::npos);
}

TEST_F(InfoLogTest, WithoutAFileMessagesAreDropped) {
  const auto log = make_info_log(folder_ / "missing" / "LOG");
  rocksdb::Warn(log, "unheard");
  EXPECT_EQ(log->GetLogFileSize(), 0U);
}

}  // namespace
}  // namespace ostraka::engine_rocksdb
