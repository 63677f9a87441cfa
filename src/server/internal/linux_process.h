// node::ProcessInfo from /proc, getrusage and the reactor, which outlives it.
#pragma once

#include "net/reactor.h"
#include "node/environment.h"

namespace ostraka::server {

class LinuxProcess final : public node::ProcessInfo {
 public:
  explicit LinuxProcess(const net::Reactor& reactor) : reactor_(reactor) {}
  [[nodiscard]] node::ProcessUsage sample() override;
  void append_metrics(base::MetricsText& out) override;

 private:
  const net::Reactor& reactor_;
};

}  // namespace ostraka::server
