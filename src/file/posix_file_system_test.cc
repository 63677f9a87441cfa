#include "file/posix_file_system.h"

#include "port/file_system_contract.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace ostraka::file {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ostraka_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::unique_ptr<port::FileSystem> open() {
    return open_file_system(path_ + "/data").value_or(nullptr);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(PosixFileSystem, ErrorsNamePathAndReason) {
  TemporaryFolder folder;
  const auto files = folder.open();
  ASSERT_NE(files, nullptr);
  const base::Error error = files->open("nothing", port::OpenMode::read_only).error();
  EXPECT_NE(error.context.find(folder.path() + "/data/nothing"), std::string::npos);
  EXPECT_NE(error.context.find("No such file"), std::string::npos);
  EXPECT_EQ(files->root(), folder.path() + "/data");
}

TEST(PosixFileSystem, DoesNotFollowASymbolicLinkOut) {
  TemporaryFolder folder;
  const auto files = folder.open();
  std::filesystem::create_symlink("/etc/passwd", folder.path() + "/data/link");
  EXPECT_FALSE(files->open("link", port::OpenMode::read_only).has_value());
}

TEST(PosixFileSystem, DiskFullIsItsOwnError) {
  TemporaryFolder folder;
  const auto files = folder.open();
  auto file = files->open("big", port::OpenMode::create_new);
  ASSERT_TRUE(file.has_value());
  const base::Status status = (*file)->preallocate(1ULL << 60);
  ASSERT_FALSE(status.has_value());
  EXPECT_TRUE(status.error().code == base::ErrorCode::disk_full ||
              status.error().code == base::ErrorCode::io_error);  // EFBIG on some file systems
}

TEST(PosixFileSystem, ARootThatIsAFileIsRefused) {
  EXPECT_FALSE(open_file_system("/dev/null").has_value());
  EXPECT_FALSE(open_file_system("/nonexistent/below").has_value());
}

}  // namespace
}  // namespace ostraka::file

namespace ostraka::port {
INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileSystemContract, file::TemporaryFolder);
}  // namespace ostraka::port
