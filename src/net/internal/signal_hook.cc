#include "net/internal/signal_hook.h"

#include "base/assert.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace ostraka::net::internal {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM};

// Signal handlers have no argument of ours: the one global of this module.
std::atomic<int> signal_pipe = -1;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void ostraka_forward_signal(int signal) {
  const int saved = errno;
  const char byte = static_cast<char>(signal);
  // A full pipe means that enough signals are waiting.
  if (::write(signal_pipe.load(), &byte, 1) < 0) {
    errno = saved;
  }
  errno = saved;
}

}  // namespace

SignalHook::SignalHook(Poller& poller, std::move_only_function<void(int)> on_signal)
    : poller_(poller), on_signal_(std::move(on_signal)) {
  std::array<int, 2> ends = {};
  const int made = ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK);
  OSTRAKA_ASSERT(made == 0, "pipe2 failed: out of file descriptors?");
  read_end_ = Descriptor(ends[0]);
  write_end_ = Descriptor(ends[1]);
  const int before = signal_pipe.exchange(write_end_.get());
  OSTRAKA_ASSERT(before == -1, "another reactor of this process takes the signals");
  poller_.add(read_end_.get(), EPOLLIN, *this);
  struct sigaction action = {};
  action.sa_handler = ostraka_forward_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) {
    ::sigaction(signal, &action, nullptr);
  }
}

SignalHook::~SignalHook() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (const int signal : kSignals) {
    ::sigaction(signal, &action, nullptr);
  }
  signal_pipe = -1;
  poller_.remove(read_end_.get(), *this);
}

void SignalHook::on_ready(std::uint32_t) {
  std::array<char, 16> bytes = {};
  const ssize_t count = ::read(read_end_.get(), bytes.data(), bytes.size());
  for (ssize_t i = 0; i < count; ++i) {
    on_signal_(bytes[static_cast<std::size_t>(i)]);
  }
}

}  // namespace ostraka::net::internal
