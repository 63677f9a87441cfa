#include "file/posix_file_system.h"

#include "base/assert.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace ostraka::file {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::size_t kPiecesPerCall = 256;
constexpr std::size_t kZeroChunkBytes = 1U << 20;
constexpr const char* kLockName = "LOCK";
// Past the page cache a write costs a third less processor time than write and fdatasync, and waits
// less (docs/benchmarks.md). Needs whole sectors; 512 bytes fit most disks, and one that wants more
// refuses (EINVAL).
constexpr std::size_t kDirectAlignment = 512;
constexpr std::size_t kBufferAlignment = 4096;
constexpr std::size_t kDirectBytesMax = std::size_t{16} << 20;  // larger ones are not copied
// What prepare_direct copies holds up its caller: at most some ten microseconds.
constexpr std::size_t kPreparedBytesMax = std::size_t{128} << 10;

ErrorCode code_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::disk_full;
    case ENOENT:
      return ErrorCode::not_found;
    case EEXIST:
      return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    default:
      return ErrorCode::io_error;
  }
}

std::unexpected<base::Error> failed(std::string_view what, const std::string& path, int error) {
  return base::fail(code_of(error),
                    fmt::format("{} {}: {}", what, path,
                                std::error_code(error, std::generic_category()).message()));
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Refuses what could lead outside the data directory.
Status check_path(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string::npos) {
    return base::fail(ErrorCode::invalid_argument, "path " + path);
  }
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    if (rest.substr(0, slash) == "..") {
      return base::fail(ErrorCode::invalid_argument, "path " + path);
    }
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  }
  return {};
}

class PosixFile final : public port::File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(fd_.get(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n < 0) {
        return failed("reading", path_, errno);
      }
      if (n == 0) {
        break;
      }
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Status write_at(std::uint64_t offset, std::span<const base::ByteView> pieces) override {
    std::array<iovec, kPiecesPerCall> vectors;
    while (!pieces.empty()) {
      const std::size_t count = std::min(pieces.size(), kPiecesPerCall);
      for (std::size_t i = 0; i < count; ++i) {
        // pwritev does not write through the pointer; its type predates const.
        vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
      }
      OSTRAKA_TRY(write_vectors(offset, {vectors.data(), count}));
      pieces = pieces.subspan(count);
    }
    return {};
  }

  Status write_durably_at(std::uint64_t offset, std::span<const base::ByteView> pieces) override {
    const std::size_t bytes = bytes_of(pieces);
    if (is_direct(offset, bytes, kDirectBytesMax) && open_direct()) {
      OSTRAKA_ASSIGN(const bool done, write_directly(offset, pieces, bytes));
      if (done) {
        return {};
      }
    }
    return File::write_durably_at(offset, pieces);
  }

  std::optional<port::DirectWrite> prepare_direct(std::uint64_t offset,
                                                  std::span<const base::ByteView> pieces) override {
    const std::size_t bytes = bytes_of(pieces);
    // Opening may block: the first write_durably_at does it.
    if (direct_ != Direct::open || !is_direct(offset, bytes, kPreparedBytesMax)) {
      return std::nullopt;
    }
    port::DirectWrite write = make_direct(offset, pieces, bytes);
    return write.buffer == nullptr ? std::nullopt : std::optional(std::move(write));
  }

  std::optional<Status> outcome_of(const port::DirectWrite& write, std::int64_t result) override {
    if (result >= 0) {
      return static_cast<std::size_t>(result) == write.bytes ? std::optional(Status())
                                                             : std::nullopt;
    }
    switch (result) {
      case -EINVAL:  // the file system does not want this alignment
      case -EINTR:
      case -EAGAIN:
      case -ECANCELED:
        return std::nullopt;
      default:
        return failed("writing", path_, static_cast<int>(-result));
    }
  }

  Status sync() override {
    if (::fdatasync(fd_.get()) != 0) {
      return failed("syncing", path_, errno);
    }
    return {};
  }

  Status preallocate(std::uint64_t bytes) override {
    OSTRAKA_ASSIGN(const std::uint64_t old_size, size());
    if (bytes <= old_size) {
      return truncate(bytes);
    }
    // Reserves the space in one extent; then real zeroes, so that no later write inside converts
    // extents. A file system without fallocate still gets the zeroes.
    if (::fallocate(fd_.get(), 0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP &&
        errno != ENOSYS && errno != EINVAL) {
      return failed("preallocating", path_, errno);
    }
    const std::string zeroes(std::min<std::uint64_t>(kZeroChunkBytes, bytes - old_size), '\0');
    for (std::uint64_t at = old_size; at < bytes;) {
      const base::ByteView piece =
          base::ByteView(zeroes).substr(0, std::min<std::uint64_t>(zeroes.size(), bytes - at));
      OSTRAKA_TRY(write_at(at, {&piece, 1}));
      at += piece.size();
    }
    return {};
  }

  Status truncate(std::uint64_t bytes) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) {
      return failed("truncating", path_, errno);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) {
      return failed("asking the size of", path_, errno);
    }
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  // Whether there is a descriptor for writes that go past the page cache.
  bool open_direct() {
    if (direct_ == Direct::untried && (::fcntl(fd_.get(), F_GETFL) & O_ACCMODE) == O_RDONLY) {
      direct_ = Direct::refused;
    }
    if (direct_ == Direct::untried) {
      // The same file, whatever its name is by now.
      direct_fd_ = Descriptor(::open(fmt::format("/proc/self/fd/{}", fd_.get()).c_str(),
                                     O_WRONLY | O_CLOEXEC | O_DIRECT | O_DSYNC));
      direct_ = direct_fd_.valid() ? Direct::open : Direct::refused;
    }
    return direct_ == Direct::open;
  }

  static std::size_t bytes_of(std::span<const base::ByteView> pieces) {
    std::size_t bytes = 0;
    for (const base::ByteView piece : pieces) {
      bytes += piece.size();
    }
    return bytes;
  }

  static bool is_direct(std::uint64_t offset, std::size_t bytes, std::size_t bytes_max) {
    return offset % kDirectAlignment == 0 && bytes % kDirectAlignment == 0 && bytes > 0 &&
           bytes <= bytes_max;
  }

  // Without a buffer when there is no memory for it.
  [[nodiscard]] port::DirectWrite make_direct(std::uint64_t offset,
                                              std::span<const base::ByteView> pieces,
                                              std::size_t bytes) const {
    const std::size_t room = (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    port::DirectWrite write;
    write.descriptor = direct_fd_.get();
    write.offset = offset;
    write.bytes = bytes;
    write.buffer.reset(static_cast<char*>(std::aligned_alloc(kBufferAlignment, room)));
    if (write.buffer != nullptr) {
      std::size_t filled = 0;
      for (const base::ByteView piece : pieces) {
        filled += piece.copy(write.buffer.get() + filled, piece.size());  // may be empty
      }
    }
    return write;
  }

  // False when the file system does not want this alignment: nothing was written then.
  Result<bool> write_directly(std::uint64_t offset, std::span<const base::ByteView> pieces,
                              std::size_t bytes) {
    const port::DirectWrite write = make_direct(offset, pieces, bytes);
    if (write.buffer == nullptr) {
      return false;
    }
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t n = ::pwrite(direct_fd_.get(), write.buffer.get() + done, bytes - done,
                                 static_cast<off_t>(offset + done));
      if (n >= 0) {
        done += static_cast<std::size_t>(n);
      } else if (errno == EINVAL && done == 0) {
        direct_ = Direct::refused;
        direct_fd_ = Descriptor();
        return false;
      } else if (errno != EINTR) {
        return failed("writing", path_, errno);
      }
    }
    return true;
  }

  // Advances `offset` by what was written.
  Status write_vectors(std::uint64_t& offset, std::span<iovec> vectors) {
    while (!vectors.empty()) {
      const ssize_t n = ::pwritev(fd_.get(), vectors.data(), static_cast<int>(vectors.size()),
                                  static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n < 0) {
        return failed("writing", path_, errno);
      }
      auto left = static_cast<std::size_t>(n);
      offset += left;
      while (!vectors.empty() && left >= vectors.front().iov_len) {
        left -= vectors.front().iov_len;
        vectors = vectors.subspan(1);
      }
      if (!vectors.empty()) {
        vectors.front().iov_base = static_cast<char*>(vectors.front().iov_base) + left;
        vectors.front().iov_len -= left;
      }
    }
    return {};
  }

  enum class Direct : std::uint8_t { untried, open, refused };

  Descriptor fd_;
  Descriptor direct_fd_;
  Direct direct_ = Direct::untried;
  std::string path_;
};

class PosixFileSystem final : public port::FileSystem {
 public:
  PosixFileSystem(Descriptor root, std::string path)
      : root_(std::move(root)), path_(std::move(path)) {}

  Result<std::unique_ptr<port::File>> open(const std::string& path, port::OpenMode mode) override {
    OSTRAKA_TRY(check_path(path));
    int flags = O_CLOEXEC | O_NOFOLLOW;
    switch (mode) {
      case port::OpenMode::read_only:
        flags |= O_RDONLY;
        break;
      case port::OpenMode::read_write:
        flags |= O_RDWR;
        break;
      case port::OpenMode::create_new:
        flags |= O_RDWR | O_CREAT | O_EXCL;
        break;
      case port::OpenMode::create_or_open:
        flags |= O_RDWR | O_CREAT;
        break;
    }
    Descriptor fd(::openat(root_.get(), path.c_str(), flags, 0600));
    if (!fd.valid()) {
      return failed("opening", full(path), errno);
    }
    return std::make_unique<PosixFile>(std::move(fd), full(path));
  }

  Result<bool> exists(const std::string& path) override {
    OSTRAKA_TRY(check_path(path));
    struct stat info{};
    if (::fstatat(root_.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
      return true;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
      return false;
    }
    return failed("looking for", full(path), errno);
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    OSTRAKA_TRY(check_path(folder));
    Descriptor fd(::openat(root_.get(), folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) {
      return failed("listing", full(folder), errno);
    }
    DIR* stream = ::fdopendir(fd.get());
    if (stream == nullptr) {
      return failed("listing", full(folder), errno);
    }
    static_cast<void>(fd.release());  // closedir closes it
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
    }
    const int error = errno;
    ::closedir(stream);
    if (error != 0) {
      return failed("listing", full(folder), error);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Status make_directory(const std::string& path) override {
    OSTRAKA_TRY(check_path(path));
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      if (::mkdirat(root_.get(), part.c_str(), 0700) != 0 && errno != EEXIST) {
        return failed("creating", full(part), errno);
      }
      if (end == std::string::npos) {
        return {};
      }
    }
  }

  Status rename(const std::string& from, const std::string& to) override {
    OSTRAKA_TRY(check_path(from));
    OSTRAKA_TRY(check_path(to));
    if (::renameat(root_.get(), from.c_str(), root_.get(), to.c_str()) != 0) {
      return failed("renaming", full(from), errno);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    OSTRAKA_TRY(check_path(path));
    if (::unlinkat(root_.get(), path.c_str(), 0) != 0) {
      return failed("removing", full(path), errno);
    }
    return {};
  }

  Status remove_tree(const std::string& path) override {
    OSTRAKA_TRY(check_path(path));
    if (::unlinkat(root_.get(), path.c_str(), 0) == 0 || errno == ENOENT) {
      return {};
    }
    if (errno != EISDIR && errno != EPERM) {
      return failed("removing", full(path), errno);
    }
    OSTRAKA_ASSIGN(const std::vector<std::string> names, list(path));
    for (const std::string& name : names) {
      OSTRAKA_TRY(remove_tree(path + "/" + name));
    }
    if (::unlinkat(root_.get(), path.c_str(), AT_REMOVEDIR) != 0) {
      return failed("removing", full(path), errno);
    }
    return {};
  }

  Status sync_directory(const std::string& folder) override {
    OSTRAKA_TRY(check_path(folder));
    const Descriptor fd(::openat(root_.get(), folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) {
      return failed("syncing", full(folder), errno);
    }
    return {};
  }

  Status lock() override {
    if (lock_.valid()) {
      return {};
    }
    Descriptor fd(::openat(root_.get(), kLockName, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) {
      return failed("locking", full(kLockName), errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return base::fail(ErrorCode::busy, "another process uses the data directory " + path_);
      }
      return failed("locking", full(kLockName), errno);
    }
    lock_ = std::move(fd);
    return {};
  }

  Result<std::uint64_t> free_bytes() override {
    struct statvfs info{};
    if (::fstatvfs(root_.get(), &info) != 0) {
      return failed("asking the free space of", path_, errno);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

  std::string root() const override { return path_; }

 private:
  [[nodiscard]] std::string full(const std::string& path) const { return path_ + "/" + path; }

  Descriptor root_;
  std::string path_;
  Descriptor lock_;
};

}  // namespace

Result<std::unique_ptr<port::FileSystem>> open_file_system(const std::string& root) {
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) {
    return failed("creating", root, errno);
  }
  Descriptor fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return failed("opening", root, errno);
  }
  return std::make_unique<PosixFileSystem>(std::move(fd), root);
}

}  // namespace ostraka::file
