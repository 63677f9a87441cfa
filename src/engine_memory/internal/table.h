// Files of the memory engine: the image of a flush and the tables of an export share one form.
//
// {magic, format version, entries, XXH3-64}. An entry is {family, key, value}; keys of a family
// rise. A file is written under a temporary name and renamed when complete. Blocking.
// Format: docs/formats/engine.md.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "port/engine.h"
#include "port/file_system.h"

#include <cstdint>
#include <functional>
#include <string>

namespace ostraka::engine_memory {

enum class FileKind : std::uint8_t { image, table };

// Collects entries in memory, then writes the file in one go.
class TableBuilder {
 public:
  explicit TableBuilder(FileKind kind);
  void add(port::Family family, base::ByteView key, base::ByteView value);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // Seals and writes: temporary name, sync, rename, sync of the folder. Returns the file's size.
  // Without `synced` (a planted bug) the first sync is left out.
  [[nodiscard]] base::Result<std::uint64_t> write(port::FileSystem& files,
                                                  const std::string& folder,
                                                  const std::string& name, bool synced = true);

 private:
  std::string bytes_;
  std::uint64_t count_ = 0;
};

// Reads and checks a whole file. `contents` backs the views given to next().
class TableReader {
 public:
  // Errors: not_found, corruption, format_unknown, io_error.
  [[nodiscard]] static base::Result<TableReader> open(port::FileSystem& files,
                                                      const std::string& path, FileKind kind);
  // False at the end. Errors: corruption.
  [[nodiscard]] base::Result<bool> next(port::Family& family, base::ByteView& key,
                                        base::ByteView& value);
  [[nodiscard]] std::uint64_t bytes() const { return contents_.size(); }

 private:
  explicit TableReader(base::Buffer contents);
  base::Buffer contents_;
  base::Reader in_;
};

}  // namespace ostraka::engine_memory
