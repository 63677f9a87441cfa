#include "node/internal/start_room.h"

#include <fmt/format.h>

namespace ostraka::node {
namespace {

constexpr const char* kName = "start_room";
// With less free space than so many times the file, none is made.
constexpr std::uint64_t kPlenty = 16;

base::Status make_room_file(port::FileSystem& files) {
  OSTRAKA_ASSIGN(const auto file, files.open(kName, port::OpenMode::create_or_open));
  OSTRAKA_TRY(file->preallocate(kStartRoomBytes));
  return file->sync();
}

}  // namespace

base::Result<bool> secure_start_room(port::FileSystem& files) {
  OSTRAKA_ASSIGN(const bool kept, files.exists(kName));
  OSTRAKA_ASSIGN(const std::uint64_t before, files.free_bytes());
  if (before >= kStartBytesMin) {
    if (!kept && before >= kPlenty * kStartRoomBytes) {
      OSTRAKA_TRY(make_room_file(files));
    }
    return false;
  }
  if (kept) {
    OSTRAKA_TRY(files.remove(kName));
  }
  OSTRAKA_ASSIGN(const std::uint64_t after, files.free_bytes());
  if (after < kStartBytesMin) {
    return base::fail(base::ErrorCode::disk_full,
                      fmt::format("{}: {} bytes are free, a start takes {}", files.root(), after,
                                  kStartBytesMin));
  }
  return true;
}

}  // namespace ostraka::node
