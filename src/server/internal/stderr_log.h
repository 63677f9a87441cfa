// node::Log on spdlog: one line per message to standard error.
#pragma once

#include "node/environment.h"

#include <memory>
#include <string>

namespace spdlog {
class logger;  // NOLINT(readability-identifier-naming): the library's name
}

namespace ostraka::server {

class StderrLog final : public node::Log {
 public:
  // debug, info, warning, error or off.
  explicit StderrLog(const std::string& level);
  ~StderrLog() override;
  void write(node::LogLevel level, std::string_view line) override;

 private:
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace ostraka::server
