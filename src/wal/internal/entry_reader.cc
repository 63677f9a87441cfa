#include "wal/internal/entry_reader.h"

#include "codec/log_record.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace ostraka::wal {
namespace {

constexpr std::uint64_t kRunBytesMax = 1U << 20;
// A gap smaller than this is read over rather than read around.
constexpr std::uint64_t kGapBytesMax = 4096;

std::uint64_t end_of(const IndexedEntry& entry) { return entry.offset + entry.meta.payload_bytes; }

// How many of `wanted` from `first` on lie close together behind each other.
std::size_t run_length(const std::vector<EntryToRead>& wanted, std::size_t first) {
  const std::uint64_t begin = wanted[first].entry.offset;
  std::size_t next = first + 1;
  while (next < wanted.size()) {
    const IndexedEntry& before = wanted[next - 1].entry;
    const IndexedEntry& entry = wanted[next].entry;
    const bool close = wanted[next].file == wanted[first].file && entry.offset >= end_of(before) &&
                       entry.offset - end_of(before) <= kGapBytesMax &&
                       end_of(entry) - begin <= kRunBytesMax;
    if (!close) {
      break;
    }
    ++next;
  }
  return next - first;
}

}  // namespace

base::Result<std::vector<port::LogEntry>> read_entries(port::FileSystem& files,
                                                       std::uint64_t identity,
                                                       const std::vector<EntryToRead>& wanted) {
  std::vector<port::LogEntry> out;
  out.reserve(wanted.size());
  for (std::size_t first = 0; first < wanted.size();) {
    const std::size_t count = run_length(wanted, first);
    SegmentFile& file = *wanted[first].file;
    if (file.reader == nullptr) {
      OSTRAKA_ASSIGN(file.reader, files.open(file.path, port::OpenMode::read_only));
    }
    const std::uint64_t begin = wanted[first].entry.offset;
    std::string bytes(static_cast<std::size_t>(end_of(wanted[first + count - 1].entry) - begin),
                      '\0');
    OSTRAKA_ASSIGN(const std::size_t got, file.reader->read_at(begin, bytes));
    bytes.resize(got);
    const base::Buffer run = base::Buffer::take(std::move(bytes));
    for (std::size_t i = first; i < first + count; ++i) {
      const IndexedEntry& entry = wanted[i].entry;
      const std::uint64_t at = entry.offset - begin;
      const bool there = at + entry.meta.payload_bytes <= run.size();
      const base::Buffer payload =
          there ? run.slice(static_cast<std::size_t>(at), entry.meta.payload_bytes)
                : base::Buffer();
      if (!there ||
          codec::payload_checksum(identity, entry.meta, payload.view()) != entry.checksum) {
        return base::fail(base::ErrorCode::corruption,
                          fmt::format("{} at offset {}: entry {} is damaged", file.path,
                                      entry.offset, entry.meta.index.value()));
      }
      out.push_back({entry.meta, payload});
    }
    first += count;
  }
  return out;
}

}  // namespace ostraka::wal
