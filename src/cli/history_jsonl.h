// Reads a recorded history: one JSON object a line, as `ostraka check --help` describes.
#pragma once

#include "base/result.h"
#include "check/history.h"

#include <string>
#include <vector>

namespace ostraka::cli {

struct RecordedHistory {
  std::vector<check::Operation> operations;  // without those that certainly failed
  std::vector<std::string> values;           // by check::ValueId; 0 = null
  std::size_t lines = 0;
};

// Errors: invalid_argument with the line number; io_error when the file cannot be read.
[[nodiscard]] base::Result<RecordedHistory> read_history(const std::string& path,
                                                         check::Model model);
// The same from text.
[[nodiscard]] base::Result<RecordedHistory> parse_history(const std::string& text,
                                                          check::Model model);

}  // namespace ostraka::cli
