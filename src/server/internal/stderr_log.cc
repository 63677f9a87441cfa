#include "server/internal/stderr_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace ostraka::server {

namespace {

spdlog::level::level_enum threshold_of(const std::string& level) {
  return level == "warning" ? spdlog::level::warn
         : level == "error" ? spdlog::level::err
                            : spdlog::level::from_str(level);
}

}  // namespace

StderrLog::StderrLog(const std::string& level)
    : logger_(std::make_unique<spdlog::logger>("ostraka",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_level(threshold_of(level));
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  logger_->flush_on(spdlog::level::debug);
}

StderrLog::~StderrLog() = default;

void StderrLog::write(node::LogLevel level, std::string_view line) {
  switch (level) {
    case node::LogLevel::debug:
      logger_->debug("{}", line);
      break;
    case node::LogLevel::info:
      logger_->info("{}", line);
      break;
    case node::LogLevel::warning:
      logger_->warn("{}", line);
      break;
    case node::LogLevel::error:
      logger_->error("{}", line);
      break;
  }
}

}  // namespace ostraka::server
