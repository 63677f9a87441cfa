// What every port::FileSystem must do, as a gtest suite: the real and the simulated one run it.
//
// Use: specialise a factory type with `static std::unique_ptr<FileSystem> make()`-like members (see
// FileSystemFactory below) and INSTANTIATE_TYPED_TEST_SUITE_P(Name, FileSystemContract, Factory).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "port/file_system.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace ostraka::port {

// A factory owns a fresh empty data directory for its life. `open()` gives another FileSystem on
// the same directory, as another process would see it.
template <typename T>
concept FileSystemFactory = requires(T factory) {
  { factory.open() } -> std::same_as<std::unique_ptr<FileSystem>>;
};

template <FileSystemFactory Factory>
class FileSystemContract : public ::testing::Test {
 protected:
  void SetUp() override { files_ = factory_.open(); }

  static std::string read(File& file, std::uint64_t offset, std::size_t bytes) {
    std::string out(bytes, '?');
    const base::Result<std::size_t> count = file.read_at(offset, out);
    EXPECT_TRUE(count.has_value());
    out.resize(count.value_or(0));
    return out;
  }
  static base::Status write(File& file, std::uint64_t offset, base::ByteView bytes) {
    return file.write_at(offset, {&bytes, 1});
  }

  Factory factory_;
  std::unique_ptr<FileSystem> files_;
};

TYPED_TEST_SUITE_P(FileSystemContract);

TYPED_TEST_P(FileSystemContract, WritesAndReadsPieces) {
  auto file = this->files_->open("f", OpenMode::create_new);
  ASSERT_TRUE(file.has_value());
  std::vector<base::ByteView> pieces(600, "ab");
  pieces[1] = "";
  ASSERT_TRUE((*file)->write_at(3, pieces).has_value());
  EXPECT_EQ((*file)->size().value_or(0), 3U + 599 * 2);
  EXPECT_EQ(this->read(**file, 0, 5), std::string("\0\0\0ab", 5));
  EXPECT_EQ(this->read(**file, 3 + 598 * 2, 100), "ab");
  EXPECT_EQ(this->read(**file, 5000, 10), "");
  EXPECT_TRUE((*file)->sync().has_value());
}

TYPED_TEST_P(FileSystemContract, DurableWritesAreReadBackWhateverTheirAlignment) {
  auto file = this->files_->open("f", OpenMode::create_new);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->preallocate(std::uint64_t{4} << 20).has_value());
  auto reader = this->files_->open("f", OpenMode::read_only);
  ASSERT_TRUE(reader.has_value());
  struct Case {
    std::uint64_t offset;
    std::vector<std::size_t> pieces;
  };
  char fill = 'a';
  for (const Case& write :
       {Case{0, {512}}, Case{512, {100, 0, 412, 512}}, Case{1024, {4096 * 3}}, Case{700, {512}},
        Case{512, {511}}, Case{1 << 20, {(1 << 20) + 512}}, Case{512, {1 << 20}}, Case{0, {}}}) {
    std::string all;
    for (const std::size_t bytes : write.pieces) {
      all += std::string(bytes, fill++);
    }
    std::vector<base::ByteView> pieces;
    std::size_t at = 0;
    for (const std::size_t bytes : write.pieces) {
      pieces.push_back(base::ByteView(all).substr(at, bytes));
      at += bytes;
    }
    ASSERT_TRUE((*file)->write_durably_at(write.offset, pieces).has_value());
    EXPECT_EQ(this->read(**reader, write.offset, all.size()), all) << write.offset;
    EXPECT_EQ(this->read(**file, write.offset, all.size()), all) << write.offset;
  }
  EXPECT_EQ((*file)->size().value_or(0), std::uint64_t{4} << 20);
  const std::string sector(512, 'x');
  const base::ByteView piece = sector;
  EXPECT_FALSE((*reader)->write_durably_at(0, {&piece, 1}).has_value());
}

TYPED_TEST_P(FileSystemContract, OpenModes) {
  using base::ErrorCode;
  FileSystem& files = *this->files_;
  EXPECT_EQ(files.open("f", OpenMode::read_only).error().code, ErrorCode::not_found);
  EXPECT_EQ(files.open("f", OpenMode::read_write).error().code, ErrorCode::not_found);
  EXPECT_TRUE(files.open("f", OpenMode::create_new).has_value());
  EXPECT_EQ(files.open("f", OpenMode::create_new).error().code, ErrorCode::already_exists);
  EXPECT_TRUE(files.open("f", OpenMode::create_or_open).has_value());
  auto reader = files.open("f", OpenMode::read_only);
  ASSERT_TRUE(reader.has_value());
  EXPECT_FALSE(this->write(**reader, 0, "x").has_value());
  EXPECT_EQ(files.open("missing/f", OpenMode::create_new).error().code, ErrorCode::not_found);
}

TYPED_TEST_P(FileSystemContract, PreallocateAndTruncate) {
  auto file = this->files_->open("f", OpenMode::create_new);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(this->write(**file, 0, "head").has_value());
  ASSERT_TRUE((*file)->preallocate(10'000).has_value());
  EXPECT_EQ((*file)->size().value_or(0), 10'000U);
  EXPECT_EQ(this->read(**file, 0, 6), std::string("head\0\0", 6));
  EXPECT_EQ(this->read(**file, 9'990, 100), std::string(10, '\0'));
  ASSERT_TRUE((*file)->truncate(2).has_value());
  EXPECT_EQ(this->read(**file, 0, 6), "he");
  ASSERT_TRUE((*file)->truncate(4).has_value());
  EXPECT_EQ(this->read(**file, 0, 6), std::string("he\0\0", 4));
}

TYPED_TEST_P(FileSystemContract, FoldersRenameRemove) {
  FileSystem& files = *this->files_;
  ASSERT_TRUE(files.make_directory("a/b").has_value());
  ASSERT_TRUE(files.make_directory("a/b").has_value());
  auto file = files.open("a/b/one", OpenMode::create_new);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(this->write(**file, 0, "1").has_value());
  ASSERT_TRUE(files.open("a/b/two", OpenMode::create_new).has_value());
  EXPECT_EQ(files.list("a/b").value(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(files.list("a").value(), (std::vector<std::string>{"b"}));
  ASSERT_TRUE(files.rename("a/b/one", "a/b/two").has_value());  // replaces
  EXPECT_EQ(files.list("a/b").value(), (std::vector<std::string>{"two"}));
  EXPECT_EQ(this->read(**file, 0, 9), "1");  // the handle follows the file, not the name
  EXPECT_TRUE(files.sync_directory("a/b").has_value());
  EXPECT_TRUE(files.exists("a/b/two").value());
  EXPECT_FALSE(files.exists("a/b/one").value());
  ASSERT_TRUE(files.remove("a/b/two").has_value());
  EXPECT_EQ(this->read(**file, 0, 9), "1");  // an open file lives on
  EXPECT_EQ(files.remove("a/b/two").error().code, base::ErrorCode::not_found);
  ASSERT_TRUE(files.open("a/c", OpenMode::create_new).has_value());
  ASSERT_TRUE(files.remove_tree("a").has_value());
  EXPECT_FALSE(files.exists("a").value());
  EXPECT_TRUE(files.remove_tree("a").has_value());
  EXPECT_EQ(files.list("a").error().code, base::ErrorCode::not_found);
}

TYPED_TEST_P(FileSystemContract, RefusesPathsOutside) {
  using base::ErrorCode;
  FileSystem& files = *this->files_;
  EXPECT_EQ(files.open("../f", OpenMode::create_new).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(files.open("a/../../f", OpenMode::create_new).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(files.open("/f", OpenMode::create_new).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(files.remove("..").error().code, ErrorCode::invalid_argument);
}

TYPED_TEST_P(FileSystemContract, LockIsExclusiveAndEndsWithItsHolder) {
  ASSERT_TRUE(this->files_->lock().has_value());
  EXPECT_TRUE(this->files_->lock().has_value());
  std::unique_ptr<FileSystem> other = this->factory_.open();
  const base::Status refused = other->lock();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::ErrorCode::busy);
  this->files_.reset();
  EXPECT_TRUE(other->lock().has_value());
}

TYPED_TEST_P(FileSystemContract, WholeFiles) {
  FileSystem& files = *this->files_;
  EXPECT_EQ(read_whole_file(files, "f", 100).error().code, base::ErrorCode::not_found);
  ASSERT_TRUE(replace_file(files, "f", "first, longer").has_value());
  ASSERT_TRUE(replace_file(files, "f", "second").has_value());
  EXPECT_EQ(read_whole_file(files, "f", 100).value(), "second");
  EXPECT_EQ(read_whole_file(files, "f", 5).error().code, base::ErrorCode::too_large);
  EXPECT_EQ(files.list(".").value(), (std::vector<std::string>{"f"}));
  EXPECT_GT(files.free_bytes().value(), 0U);
}

REGISTER_TYPED_TEST_SUITE_P(FileSystemContract, WritesAndReadsPieces,
                            DurableWritesAreReadBackWhateverTheirAlignment, OpenModes,
                            PreallocateAndTruncate, FoldersRenameRemove, RefusesPathsOutside,
                            LockIsExclusiveAndEndsWithItsHolder, WholeFiles);

}  // namespace ostraka::port
