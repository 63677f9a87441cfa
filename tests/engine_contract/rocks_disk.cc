#include "rocks_disk.h"

#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::engine_test {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus status_of(DiskError error) {
  switch (error) {
    case DiskError::none:
      return IOStatus::OK();
    case DiskError::not_found:
      return IOStatus::PathNotFound("crash disk");
    case DiskError::exists:
      return IOStatus::IOError("crash disk: exists");
    case DiskError::no_space: {
      IOStatus status = IOStatus::NoSpace("crash disk");
      status.SetRetryable(true);  // as the real file system says
      return status;
    }
    case DiskError::io:
      break;
  }
  return IOStatus::IOError("crash disk");
}

class RandomFile final : public rocksdb::FSRandomAccessFile {
 public:
  RandomFile(CrashDisk& disk, InodePtr inode) : disk_(disk), inode_(std::move(inode)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& /*options*/, Slice* result,
                char* scratch, IODebugContext* /*context*/) const override {
    std::string bytes;
    IOStatus status = status_of(disk_.read(*inode_, offset, n, bytes));
    std::memcpy(scratch, bytes.data(), bytes.size());
    *result = Slice(scratch, bytes.size());
    return status;
  }

 private:
  CrashDisk& disk_;
  InodePtr inode_;
};

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(CrashDisk& disk, InodePtr inode) : disk_(disk), inode_(std::move(inode)) {}
  IOStatus Read(std::size_t n, const IOOptions& /*options*/, Slice* result, char* scratch,
                IODebugContext* /*context*/) override {
    std::string bytes;
    IOStatus status = status_of(disk_.read(*inode_, at_, n, bytes));
    at_ += bytes.size();
    std::memcpy(scratch, bytes.data(), bytes.size());
    *result = Slice(scratch, bytes.size());
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  CrashDisk& disk_;
  InodePtr inode_;
  std::uint64_t at_ = 0;
};

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  WritableFile(CrashDisk& disk, InodePtr inode) : disk_(disk), inode_(std::move(inode)) {}
  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions& /*options*/,
                  IODebugContext* /*context*/) override {
    return status_of(disk_.append(*inode_, {data.data(), data.size()}));
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& /*options*/,
                    IODebugContext* /*context*/) override {
    return status_of(disk_.truncate(*inode_, size));
  }
  IOStatus Close(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    return IOStatus::OK();
  }
  IOStatus Flush(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    return IOStatus::OK();
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    return status_of(disk_.sync(*inode_));
  }
  std::uint64_t GetFileSize(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    return disk_.size(*inode_);
  }

 private:
  CrashDisk& disk_;
  InodePtr inode_;
};

class Folder final : public rocksdb::FSDirectory {
 public:
  Folder(CrashDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    return status_of(disk_.sync_directory(path_));
  }

 private:
  CrashDisk& disk_;
  std::string path_;
};

class LockedFile final : public rocksdb::FileLock {
 public:
  explicit LockedFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class SilentLogger final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  [[nodiscard]] std::size_t GetLogFileSize() const override { return 0; }
};

class RocksDisk final : public rocksdb::FileSystem {
 public:
  explicit RocksDisk(CrashDisk& disk) : disk_(disk) {}
  [[nodiscard]] const char* Name() const override { return "CrashDisk"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& /*options*/,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* /*context*/) override {
    InodePtr inode;
    const DiskError error = disk_.open(path, inode);
    if (error == DiskError::none) {
      *result = std::make_unique<SequentialFile>(disk_, std::move(inode));
    }
    return status_of(error);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& /*options*/,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* /*context*/) override {
    InodePtr inode;
    const DiskError error = disk_.open(path, inode);
    if (error == DiskError::none) {
      *result = std::make_unique<RandomFile>(disk_, std::move(inode));
    }
    return status_of(error);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& /*options*/,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* /*context*/) override {
    InodePtr inode;
    const DiskError error = disk_.create(path, false, inode);
    if (error == DiskError::none) {
      *result = std::make_unique<WritableFile>(disk_, std::move(inode));
    }
    return status_of(error);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& /*options*/,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* /*context*/) override {
    InodePtr inode;
    DiskError error = disk_.open(path, inode);
    if (error == DiskError::not_found) {
      error = disk_.create(path, false, inode);
    }
    if (error == DiskError::none) {
      *result = std::make_unique<WritableFile>(disk_, std::move(inode));
    }
    return status_of(error);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& /*options*/,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* /*context*/) override {
    *result = std::make_unique<Folder>(disk_, path);
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions& /*options*/,
                      IODebugContext* /*context*/) override {
    return disk_.exists(path) ? IOStatus::OK() : IOStatus::NotFound(path);
  }
  IOStatus GetChildren(const std::string& folder, const IOOptions& /*options*/,
                       std::vector<std::string>* result, IODebugContext* /*context*/) override {
    *result = disk_.list(folder);
    return disk_.is_directory(folder) ? IOStatus::OK() : IOStatus::NotFound(folder);
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& /*options*/,
                      IODebugContext* /*context*/) override {
    return status_of(disk_.remove(path));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& /*options*/,
                     IODebugContext* /*context*/) override {
    return status_of(disk_.is_directory(path) ? DiskError::exists : disk_.make_directory(path));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& /*options*/,
                              IODebugContext* /*context*/) override {
    return status_of(disk_.make_directory(path));
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions& /*options*/,
                     IODebugContext* /*context*/) override {
    return status_of(disk_.remove_directory(path));
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions& /*options*/, std::uint64_t* size,
                       IODebugContext* /*context*/) override {
    InodePtr inode;
    const DiskError error = disk_.open(path, inode);
    *size = error == DiskError::none ? disk_.size(*inode) : 0;
    return status_of(error);
  }
  IOStatus GetFileModificationTime(const std::string& /*path*/, const IOOptions& /*options*/,
                                   std::uint64_t* time, IODebugContext* /*context*/) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& /*options*/,
                      IODebugContext* /*context*/) override {
    return status_of(disk_.rename(from, to));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& /*options*/,
                    IODebugContext* /*context*/) override {
    return status_of(disk_.link(from, to));
  }
  IOStatus LockFile(const std::string& path, const IOOptions& /*options*/, rocksdb::FileLock** lock,
                    IODebugContext* /*context*/) override {
    if (!disk_.lock(path)) {
      return IOStatus::IOError("lock is held");
    }
    *lock = std::make_unique<LockedFile>(path).release();
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions& /*options*/,
                      IODebugContext* /*context*/) override {
    const std::unique_ptr<LockedFile> owned(static_cast<LockedFile*>(lock));
    disk_.unlock(owned->path());
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions& /*options*/, std::string* path,
                            IODebugContext* /*context*/) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string& /*path*/, const IOOptions& /*options*/,
                     std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext* /*context*/) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions& /*options*/,
                           std::string* result, IODebugContext* /*context*/) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions& /*options*/, bool* is,
                       IODebugContext* /*context*/) override {
    *is = disk_.is_directory(path);
    return IOStatus::OK();
  }

 private:
  CrashDisk& disk_;
};

// RocksDB sleeps for a second after each failed flush; a test need not.
class SleeplessClock final : public rocksdb::SystemClockWrapper {
 public:
  SleeplessClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  [[nodiscard]] const char* Name() const override { return "SleeplessClock"; }
  void SleepForMicroseconds(int /*microseconds*/) override {}
};

class RocksEnv final : public rocksdb::EnvWrapper {
 public:
  explicit RocksEnv(std::unique_ptr<rocksdb::Env> files) : EnvWrapper(std::move(files)) {
    system_clock_ = std::make_shared<SleeplessClock>();
  }
  [[nodiscard]] const char* Name() const override { return "CrashDiskEnv"; }
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_rocks_env(CrashDisk& disk) {
  return std::make_unique<RocksEnv>(rocksdb::NewCompositeEnv(std::make_shared<RocksDisk>(disk)));
}

}  // namespace ostraka::engine_test
