// epoll, level-triggered: one system call a turn, and a read that was shorter than its buffer needs
// no second one to find the end.
//
// Threads: the reactor's, except wake(). A descriptor is forgotten with remove(): events of this
// batch that were not handed out yet are dropped, so a handler may destroy any other handler.
#pragma once

#include "base/time.h"

#include <sys/epoll.h>

#include <array>
#include <cstdint>

namespace ostraka::net::internal {

// An owned file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }
  void reset();
  [[nodiscard]] int release();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

class PollHandler {
 public:
  PollHandler() = default;
  PollHandler(const PollHandler&) = delete;
  PollHandler& operator=(const PollHandler&) = delete;
  virtual ~PollHandler() = default;
  // `events` as epoll reports them (EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP).
  virtual void on_ready(std::uint32_t events) = 0;
  // Asked for with Reactor::resume_next_turn().
  virtual void on_resumed() {}
};

class Poller {
 public:
  Poller();

  void add(int fd, std::uint32_t events, PollHandler& handler);
  void modify(int fd, std::uint32_t events, PollHandler& handler);
  void remove(int fd, PollHandler& handler);

  // Waits until something is ready, wake() was called or `timeout` has passed (negative: no limit),
  // and takes what is ready. Returns the number of events.
  int wait(base::Duration timeout);
  // Hands out what wait() took.
  void dispatch();
  // Any thread: ends a wait() that runs now, or the next one.
  void wake();

 private:
  static constexpr int kBatch = 256;
  Descriptor epoll_;
  Descriptor wake_;
  std::array<epoll_event, kBatch> ready_ = {};
  int ready_count_ = 0;
  int next_ = 0;
};

}  // namespace ostraka::net::internal
