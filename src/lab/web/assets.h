// The viewer's files, as they are in web/lab, and a page of them that needs no server.
//
// Threads: any; read-only.
#pragma once

#include "lab/core/record.h"

#include <span>
#include <string>
#include <string_view>

namespace ostraka::lab {

struct Asset {
  std::string_view name;  // "lab.js"
  std::string_view text;
};

// index.html is the first.
[[nodiscard]] std::span<const Asset> all_assets();
// "text/css; charset=utf-8" by the name's ending.
[[nodiscard]] std::string_view content_type_of(std::string_view name);
// The viewer with its styles, scripts and this run inside one file.
[[nodiscard]] std::string to_html(const Record& record);

}  // namespace ostraka::lab
