#include "cli/internal/files.h"

#include "cli/commands.h"
#include "lab/web/api.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ostraka::cli {

int write_record(const lab::Record& record, const std::string& path, std::string_view option) {
  const std::size_t dot = path.rfind('.');
  const std::string ending = dot == std::string::npos ? "" : path.substr(dot + 1);
  const auto rendered = lab::render_as(record, ending);
  if (!rendered.has_value()) {
    complain(fmt::format("{} {}: {}", option, path, rendered.error().context));
    return kExitUsage;
  }
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool is_written =
      file != nullptr &&
      std::fwrite(rendered->text.data(), 1, rendered->text.size(), file) == rendered->text.size();
  const bool is_closed = file != nullptr && std::fclose(file) == 0;
  if (!is_written || !is_closed) {
    complain(fmt::format("{} {}: {}", option, path, std::strerror(errno)));
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace ostraka::cli
