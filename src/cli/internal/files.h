// Files that several commands write.
//
// Threads: none. Errors: told on stderr, named by the option that asked for the file; the exit code
// of the command is returned.
#pragma once

#include "lab/core/record.h"

#include <string>
#include <string_view>

namespace ostraka::cli {

// In the form that the ending of `path` names: .html, .json, .ndjson, .svg, .txt.
[[nodiscard]] int write_record(const lab::Record& record, const std::string& path,
                               std::string_view option);

}  // namespace ostraka::cli
