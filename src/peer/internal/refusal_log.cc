#include "peer/internal/refusal_log.h"

#include <string>
#include <utility>

namespace ostraka::peer::internal {

RefusalLog::RefusalLog(std::function<void(std::string_view)> log, base::Duration interval)
    : log_(std::move(log)), interval_(interval) {}

void RefusalLog::report(base::Instant now, const base::Error& error) {
  if (!log_) {
    return;
  }
  Kind& kind = kinds_[error.code];
  if (kind.next > now) {
    ++kind.left_out;
    return;
  }
  std::string line = "peer: " + error.to_string();
  if (kind.left_out > 0) {
    line += " (and " + std::to_string(kind.left_out) + " more of this kind)";
  }
  kind = Kind{.next = now + interval_, .left_out = 0};
  log_(line);
}

}  // namespace ostraka::peer::internal
