// SIGINT and SIGTERM as events of a reactor (self-pipe: the only thing a signal handler may safely
// do is write).
//
// Threads: the reactor's. At most one hook per process at a time; destruction restores the default
// actions.
#pragma once

#include "net/internal/poller.h"

#include <functional>

namespace ostraka::net::internal {

class SignalHook final : public PollHandler {
 public:
  SignalHook(Poller& poller, std::move_only_function<void(int signal)> on_signal);
  ~SignalHook() override;
  void on_ready(std::uint32_t events) override;

 private:
  Poller& poller_;
  std::move_only_function<void(int signal)> on_signal_;
  Descriptor read_end_;
  Descriptor write_end_;
};

}  // namespace ostraka::net::internal
