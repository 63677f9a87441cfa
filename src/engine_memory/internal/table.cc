#include "engine_memory/internal/table.h"

#include "base/hash.h"

#include <algorithm>
#include <utility>

namespace ostraka::engine_memory {
namespace {

constexpr base::ByteView kImageMagic = "OSTMEMIM";
constexpr base::ByteView kTableMagic = "OSTMEMTB";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChecksumBytes = 8;

base::ByteView magic_of(FileKind kind) {
  return kind == FileKind::image ? kImageMagic : kTableMagic;
}

base::Result<std::string> read_all(port::File& file) {
  OSTRAKA_ASSIGN(const std::uint64_t size, file.size());
  std::string contents(size, '\0');
  std::size_t done = 0;
  while (done < contents.size()) {
    OSTRAKA_ASSIGN(const std::size_t count,
                   file.read_at(done, std::span(contents.data() + done, contents.size() - done)));
    if (count == 0) {
      break;
    }
    done += count;
  }
  contents.resize(done);
  return contents;
}

}  // namespace

TableBuilder::TableBuilder(FileKind kind) {
  base::Writer out(bytes_);
  out.raw(magic_of(kind));
  out.u32(kFormatVersion);
}

void TableBuilder::add(port::Family family, base::ByteView key, base::ByteView value) {
  base::Writer out(bytes_);
  out.u8(static_cast<std::uint8_t>(family));
  out.bytes(key);
  out.bytes(value);
  ++count_;
}

base::Result<std::uint64_t> TableBuilder::write(port::FileSystem& files, const std::string& folder,
                                                const std::string& name, bool synced) {
  base::Writer(bytes_).u64(base::hash64(bytes_));
  const std::string path = folder + "/" + name;
  const std::string temporary = path + ".tmp";
  OSTRAKA_TRY(files.make_directory(folder));
  OSTRAKA_ASSIGN(const bool leftover, files.exists(temporary));
  if (leftover) {
    OSTRAKA_TRY(files.remove(temporary));
  }
  {
    OSTRAKA_ASSIGN(auto file, files.open(temporary, port::OpenMode::create_new));
    const base::ByteView pieces[] = {bytes_};
    OSTRAKA_TRY(file->write_at(0, pieces));
    if (synced) {
      OSTRAKA_TRY(file->sync());
    }
  }
  OSTRAKA_TRY(files.rename(temporary, path));
  OSTRAKA_TRY(files.sync_directory(folder));
  return bytes_.size();
}

TableReader::TableReader(base::Buffer contents)
    : contents_(std::move(contents)),
      in_(contents_.view().substr(kHeaderBytes, contents_.size() - kHeaderBytes - kChecksumBytes)) {
}

base::Result<TableReader> TableReader::open(port::FileSystem& files, const std::string& path,
                                            FileKind kind) {
  OSTRAKA_ASSIGN(auto file, files.open(path, port::OpenMode::read_only));
  OSTRAKA_ASSIGN(std::string contents, read_all(*file));
  if (contents.size() < kHeaderBytes + kChecksumBytes || !contents.starts_with(magic_of(kind))) {
    return base::fail(base::ErrorCode::corruption, path + ": not a file of the memory engine");
  }
  base::Reader header(base::ByteView(contents).substr(magic_of(kind).size()));
  if (header.u32() != kFormatVersion) {
    return base::fail(base::ErrorCode::format_unknown, path);
  }
  const std::size_t covered = contents.size() - kChecksumBytes;
  base::Reader trailer(base::ByteView(contents).substr(covered));
  if (trailer.u64() != base::hash64(base::ByteView(contents).substr(0, covered))) {
    return base::fail(base::ErrorCode::corruption, path + ": checksum");
  }
  return TableReader(base::Buffer::take(std::move(contents)));
}

base::Result<bool> TableReader::next(port::Family& family, base::ByteView& key,
                                     base::ByteView& value) {
  if (in_.finished()) {
    return false;
  }
  const std::uint8_t raw_family = in_.u8();
  key = in_.bytes();
  value = in_.bytes();
  if (!in_.ok() || raw_family >= port::kFamilyCount) {
    return base::fail(base::ErrorCode::corruption, "entry of a memory engine file");
  }
  family = static_cast<port::Family>(raw_family);
  return true;
}

}  // namespace ostraka::engine_memory
