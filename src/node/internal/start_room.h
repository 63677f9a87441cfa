// Room to start on a full disk: a file that is there for its size only, and is removed when a start
// finds no free bytes.
//
// Opening the engine writes (a manifest, a log of messages); without room it cannot even read. The
// file is made again by a start with plenty of room. Blocking. Threads: none.
#pragma once

#include "base/result.h"
#include "port/file_system.h"

#include <cstdint>

namespace ostraka::node {

// Of the file; what a start that used it keeps from writes.
inline constexpr std::uint64_t kStartRoomBytes = 4U << 20;
// Enough to open the log and the engine.
inline constexpr std::uint64_t kStartBytesMin = 1U << 20;

// True when the room had to be given up. Errors: disk_full when that was not enough; io_error.
[[nodiscard]] base::Result<bool> secure_start_room(port::FileSystem& files);

}  // namespace ostraka::node
