// port::FileSystem on Linux: one data directory, opened once; every path is resolved below it.
//
// Threads: the FileSystem may be used from several threads at once; each File by one at a time.
// Errors: ENOSPC and EDQUOT are disk_full; ENOENT is not_found; EEXIST is already_exists; EACCES,
// EPERM and EROFS are permission_denied; all else is io_error. Every error names the path and the
// operating system's text.
#pragma once

#include "base/result.h"
#include "port/file_system.h"

#include <memory>
#include <string>

namespace ostraka::file {

// Opens the folder `root`, creating it (one level, mode 0700) when missing.
[[nodiscard]] base::Result<std::unique_ptr<port::FileSystem>> open_file_system(
    const std::string& root);

}  // namespace ostraka::file
