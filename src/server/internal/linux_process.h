// node::ProcessInfo from /proc, getrusage and the reactor, which outlives it.
#pragma once

#include "net/reactor.h"
#include "node/environment.h"

#include <cstdint>

namespace ostraka::server {

// Raises the limit of open files of this process as far as it may; returns what it is then. Systems
// begin with 1,024, and every client takes one.
[[nodiscard]] std::uint64_t raise_open_files_limit();

class LinuxProcess final : public node::ProcessInfo {
 public:
  explicit LinuxProcess(const net::Reactor& reactor) : reactor_(reactor) {}
  [[nodiscard]] node::ProcessUsage sample() override;
  void append_metrics(base::MetricsText& out) override;

 private:
  const net::Reactor& reactor_;
};

}  // namespace ostraka::server
