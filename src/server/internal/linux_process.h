// node::ProcessInfo from /proc and getrusage.
#pragma once

#include "node/environment.h"

namespace ostraka::server {

class LinuxProcess final : public node::ProcessInfo {
 public:
  [[nodiscard]] node::ProcessUsage sample() override;
};

}  // namespace ostraka::server
