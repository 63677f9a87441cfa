// Files of one data directory. Blocking calls: used at start-up and inside Executor::run_blocking
// jobs, never on a reactor.
//
// Threads: one File is used by one thread at a time; different files in parallel. Paths are
// relative to the data directory, with '/' as separator; no "..". Durability: file contents after
// sync(); a created, renamed or removed name after sync_directory() of its folder.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ostraka::port {

// A durable write that only the kernel is missing: for an executor that can wait for it without a
// thread (Executor::write_durably).
struct DirectWrite {
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  int descriptor = -1;  // the file's
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
  std::unique_ptr<char, Free> buffer;  // aligned; holds the bytes until the kernel has ended
};

class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;  // closes; does not sync

  // Reads up to out.size() bytes at offset; returns how many (less only at the end of the file).
  [[nodiscard]] virtual base::Result<std::size_t> read_at(std::uint64_t offset,
                                                          std::span<char> out) = 0;
  // Writes all pieces one behind the other at offset. Errors: disk_full, io_error.
  [[nodiscard]] virtual base::Status write_at(std::uint64_t offset,
                                              std::span<const base::ByteView> pieces) = 0;
  // As write_at and sync, for files whose every write must be durable: what was there is replaced
  // and durable, or an error says why not. Errors: disk_full (may be repeated as it is), io_error
  // (the state of the file is unknown, as after sync).
  [[nodiscard]] virtual base::Status write_durably_at(std::uint64_t offset,
                                                      std::span<const base::ByteView> pieces);
  // What write_durably_at would hand to the kernel as one write that is durable when it has ended,
  // with a copy of the pieces. Never blocks. Nothing where there is no such thing: write_durably_at
  // is the way then, as it always may be.
  [[nodiscard]] virtual std::optional<DirectWrite> prepare_direct(
      std::uint64_t offset, std::span<const base::ByteView> pieces);
  // What `result` of such a write (the bytes written, or a negative errno) means; errors as of
  // write_durably_at, which has to write it all again when there is no answer.
  [[nodiscard]] virtual std::optional<base::Status> outcome_of(const DirectWrite& write,
                                                               std::int64_t result);
  // fdatasync. After a failure the state of the file is unknown: the caller must not retry (the
  // process ends).
  [[nodiscard]] virtual base::Status sync() = 0;
  // Makes the file this long with real zeroed blocks (so that later writes inside need no
  // metadata). Errors: disk_full.
  [[nodiscard]] virtual base::Status preallocate(std::uint64_t bytes) = 0;
  [[nodiscard]] virtual base::Status truncate(std::uint64_t bytes) = 0;
  [[nodiscard]] virtual base::Result<std::uint64_t> size() = 0;
};

enum class OpenMode : std::uint8_t {
  read_only,   // must exist
  read_write,  // must exist
  create_new,  // must not exist
  create_or_open,
};

class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  [[nodiscard]] virtual base::Result<std::unique_ptr<File>> open(const std::string& path,
                                                                 OpenMode mode) = 0;
  [[nodiscard]] virtual base::Result<bool> exists(const std::string& path) = 0;
  // Names (no paths) in a folder, sorted.
  [[nodiscard]] virtual base::Result<std::vector<std::string>> list(const std::string& folder) = 0;
  // parents too; existing is fine
  [[nodiscard]] virtual base::Status make_directory(const std::string& path) = 0;
  [[nodiscard]] virtual base::Status rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual base::Status remove(const std::string& path) = 0;
  [[nodiscard]] virtual base::Status remove_tree(const std::string& path) = 0;  // missing is fine
  [[nodiscard]] virtual base::Status sync_directory(const std::string& folder) = 0;
  // Takes the exclusive lock of the data directory for the life of this object.
  // Errors: permission_denied, busy (another process holds it).
  [[nodiscard]] virtual base::Status lock() = 0;
  [[nodiscard]] virtual base::Result<std::uint64_t> free_bytes() = 0;
  // The folder as the operating system names it; for engines that open files themselves. Empty when
  // simulated.
  [[nodiscard]] virtual std::string root() const = 0;
};

// Whole small files (identity, manifest): read, and replace atomically (temporary name, sync,
// rename, sync folder).
[[nodiscard]] base::Result<std::string> read_whole_file(FileSystem& files, const std::string& path,
                                                        std::uint64_t max_bytes);
[[nodiscard]] base::Status replace_file(FileSystem& files, const std::string& path,
                                        base::ByteView contents);

}  // namespace ostraka::port
