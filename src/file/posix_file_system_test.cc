#include "file/posix_file_system.h"

#include "port/file_system_contract.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
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

TEST(PosixFileSystem, PreparesDirectWritesOnceOneWasMade) {
  TemporaryFolder folder;
  const auto files = folder.open();
  const auto file = files->open("f", port::OpenMode::create_new).value();
  ASSERT_TRUE(file->preallocate(1U << 20).has_value());
  const std::string large((128U << 10) + 512, 'x');
  const base::ByteView all = large;
  const base::ByteView pieces[] = {all.substr(0, 100), all.substr(100, 412)};
  EXPECT_FALSE(file->prepare_direct(512, pieces).has_value()) << "opening may block";
  ASSERT_TRUE(file->write_durably_at(0, pieces).has_value());
  std::optional<port::DirectWrite> write = file->prepare_direct(512, pieces);
  if (!write.has_value()) {
    GTEST_SKIP() << "no O_DIRECT on this file system";
  }
  EXPECT_EQ(write->offset, 512U);
  ASSERT_EQ(write->bytes, 512U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(write->buffer.get()) % 4096, 0U);
  EXPECT_EQ(base::ByteView(write->buffer.get(), 512), all.substr(0, 512));
  EXPECT_EQ(::pwrite(write->descriptor, write->buffer.get(), 512, 512), 512);
  std::string back(1024, '?');
  EXPECT_EQ(file->read_at(0, back).value_or(0), 1024U);
  EXPECT_EQ(back, std::string(1024, 'x'));

  const auto can = [](port::File& of, std::uint64_t offset, base::ByteView bytes) {
    return of.prepare_direct(offset, {&bytes, 1}).has_value();
  };
  EXPECT_TRUE(can(*file, 4096, all.substr(512)));
  EXPECT_FALSE(can(*file, 4096, all)) << "more than 128 KiB";
  EXPECT_FALSE(can(*file, 100, all.substr(0, 512)));
  EXPECT_FALSE(can(*file, 512, all.substr(0, 100)));
  EXPECT_FALSE(can(*file, 512, {}));
  const auto reader = files->open("f", port::OpenMode::read_only).value();
  EXPECT_FALSE(reader->write_durably_at(0, pieces).has_value());
  EXPECT_FALSE(can(*reader, 512, all.substr(0, 512)));
}

TEST(PosixFileSystem, OutcomesOfDirectWrites) {
  TemporaryFolder folder;
  const auto files = folder.open();
  const auto file = files->open("f", port::OpenMode::create_new).value();
  port::DirectWrite write;
  write.bytes = 1024;
  EXPECT_EQ(file->outcome_of(write, 1024), std::optional(base::Status()));
  for (const std::int64_t again : {0, 512, -EINTR, -EAGAIN, -EINVAL, -ECANCELED}) {
    EXPECT_FALSE(file->outcome_of(write, again).has_value()) << again;
  }
  EXPECT_EQ(file->outcome_of(write, -ENOSPC)->error().code, base::ErrorCode::disk_full);
  EXPECT_EQ(file->outcome_of(write, -EDQUOT)->error().code, base::ErrorCode::disk_full);
  const base::Error error = file->outcome_of(write, -EIO)->error();
  EXPECT_EQ(error.code, base::ErrorCode::io_error);
  EXPECT_EQ(error.context, "writing " + folder.path() + "/data/f: Input/output error");
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
