#include "port/file_system.h"

#include <utility>

namespace ostraka::port {

base::Status File::write_durably_at(std::uint64_t offset, std::span<const base::ByteView> pieces) {
  OSTRAKA_TRY(write_at(offset, pieces));
  base::Status synced = sync();
  if (!synced.has_value() && synced.error().code == base::ErrorCode::disk_full) {
    // Full at a sync is as unknown as any other failure of it.
    synced.error().code = base::ErrorCode::io_error;
  }
  return synced;
}

std::optional<DirectWrite> File::prepare_direct(std::uint64_t /*offset*/,
                                                std::span<const base::ByteView> /*pieces*/) {
  return std::nullopt;
}

std::optional<base::Status> File::outcome_of(const DirectWrite& /*write*/,
                                             std::int64_t /*result*/) {
  return std::nullopt;
}

base::Result<std::string> read_whole_file(FileSystem& files, const std::string& path,
                                          std::uint64_t max_bytes) {
  OSTRAKA_ASSIGN(const std::unique_ptr<File> file, files.open(path, OpenMode::read_only));
  OSTRAKA_ASSIGN(const std::uint64_t size, file->size());
  if (size > max_bytes) {
    return base::fail(base::ErrorCode::too_large, path);
  }
  std::string contents(static_cast<std::size_t>(size), '\0');
  OSTRAKA_ASSIGN(const std::size_t count, file->read_at(0, contents));
  contents.resize(count);
  return contents;
}

base::Status replace_file(FileSystem& files, const std::string& path, base::ByteView contents) {
  const std::string temporary = path + ".new";
  {
    OSTRAKA_ASSIGN(const std::unique_ptr<File> file,
                   files.open(temporary, OpenMode::create_or_open));
    OSTRAKA_TRY(file->truncate(0));
    OSTRAKA_TRY(file->write_at(0, {&contents, 1}));
    OSTRAKA_TRY(file->sync());
  }
  OSTRAKA_TRY(files.rename(temporary, path));
  const std::size_t slash = path.rfind('/');
  return files.sync_directory(slash == std::string::npos ? "." : path.substr(0, slash));
}

}  // namespace ostraka::port
