#include "port_disk.h"

#include <cstring>
#include <utility>

namespace ostraka::engine_test {
namespace {

base::Status status_of(DiskError error) {
  switch (error) {
    case DiskError::none:
      return {};
    case DiskError::not_found:
      return base::fail(base::ErrorCode::not_found, "crash disk");
    case DiskError::exists:
      return base::fail(base::ErrorCode::already_exists, "crash disk");
    case DiskError::no_space:
      return base::fail(base::ErrorCode::disk_full, "crash disk");
    case DiskError::io:
      break;
  }
  return base::fail(base::ErrorCode::io_error, "crash disk");
}

class PortFile final : public port::File {
 public:
  PortFile(CrashDisk& disk, InodePtr inode) : disk_(disk), inode_(std::move(inode)) {}
  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    std::string bytes;
    OSTRAKA_TRY(status_of(disk_.read(*inode_, offset, out.size(), bytes)));
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return bytes.size();
  }
  base::Status write_at(std::uint64_t offset, std::span<const base::ByteView> pieces) override {
    for (const base::ByteView piece : pieces) {
      OSTRAKA_TRY(status_of(disk_.write(*inode_, offset, piece)));
      offset += piece.size();
    }
    return {};
  }
  base::Status sync() override { return status_of(disk_.sync(*inode_)); }
  base::Status preallocate(std::uint64_t bytes) override { return truncate(bytes); }
  base::Status truncate(std::uint64_t bytes) override {
    return status_of(disk_.truncate(*inode_, bytes));
  }
  base::Result<std::uint64_t> size() override { return disk_.size(*inode_); }

 private:
  CrashDisk& disk_;
  InodePtr inode_;
};

}  // namespace

base::Result<std::unique_ptr<port::File>> PortDisk::open(const std::string& path,
                                                         port::OpenMode mode) {
  InodePtr inode;
  DiskError error = DiskError::not_found;
  if (mode != port::OpenMode::create_new) {
    error = disk_.open(path, inode);
  }
  if (mode == port::OpenMode::create_new ||
      (mode == port::OpenMode::create_or_open && error == DiskError::not_found)) {
    error = disk_.create(path, true, inode);
  }
  OSTRAKA_TRY(status_of(error));
  return std::make_unique<PortFile>(disk_, std::move(inode));
}

base::Result<bool> PortDisk::exists(const std::string& path) { return disk_.exists(path); }
base::Result<std::vector<std::string>> PortDisk::list(const std::string& folder) {
  return disk_.list(folder);
}
base::Status PortDisk::make_directory(const std::string& path) {
  return status_of(disk_.make_directory(path));
}
base::Status PortDisk::rename(const std::string& from, const std::string& to) {
  return status_of(disk_.rename(from, to));
}
base::Status PortDisk::remove(const std::string& path) { return status_of(disk_.remove(path)); }
base::Status PortDisk::remove_tree(const std::string& path) {
  for (const std::string& name : disk_.list(path)) {
    OSTRAKA_TRY(remove_tree(path + "/" + name));
  }
  return status_of(disk_.is_directory(path) ? disk_.remove_directory(path) : disk_.remove(path));
}
base::Status PortDisk::sync_directory(const std::string& folder) {
  return status_of(disk_.sync_directory(folder));
}
base::Status PortDisk::lock() { return {}; }
base::Result<std::uint64_t> PortDisk::free_bytes() { return std::uint64_t{1} << 40; }

}  // namespace ostraka::engine_test
