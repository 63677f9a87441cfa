#include "net/internal/poller.h"

#include "base/assert.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

namespace ostraka::net::internal {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) {
    // Linux releases the descriptor even when close() reports an error.
    static_cast<void>(::close(fd_));
    fd_ = -1;
  }
}

int Descriptor::release() { return std::exchange(fd_, -1); }

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  OSTRAKA_ASSERT(epoll_.is_open(), "epoll_create1 failed: out of file descriptors?");
  wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  OSTRAKA_ASSERT(wake_.is_open(), "eventfd failed: out of file descriptors?");
  // Edge-triggered: every write is a new edge, so the counter is never read.
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  const int added = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  OSTRAKA_ASSERT(added == 0, "epoll_ctl failed for the wake-up descriptor");
}

void Poller::add(int fd, std::uint32_t events, PollHandler& handler) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = &handler;
  const int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  OSTRAKA_ASSERT(result == 0, "epoll_ctl(ADD) failed");
}

void Poller::modify(int fd, std::uint32_t events, PollHandler& handler) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = &handler;
  const int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  OSTRAKA_ASSERT(result == 0, "epoll_ctl(MOD) failed");
}

void Poller::remove(int fd, PollHandler& handler) {
  const int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  OSTRAKA_ASSERT(result == 0, "epoll_ctl(DEL) failed");
  for (int i = next_; i < ready_count_; ++i) {
    auto& event = ready_[static_cast<std::size_t>(i)];
    if (event.data.ptr == &handler) {
      event.data.ptr = nullptr;
    }
  }
}

int Poller::wait(base::Duration timeout) {
  timespec limit = {};
  const bool forever = timeout < base::Duration();
  if (!forever) {
    limit.tv_sec = timeout.as_nanoseconds() / 1'000'000'000;
    limit.tv_nsec = timeout.as_nanoseconds() % 1'000'000'000;
  }
  next_ = 0;
  int count =
      ::epoll_pwait2(epoll_.get(), ready_.data(), kBatch, forever ? nullptr : &limit, nullptr);
  if (count < 0 && (errno == ENOSYS || errno == EPERM)) {  // kernels before 5.11, old sandboxes
    const std::int64_t ms = (timeout.as_nanoseconds() + 999'999) / 1'000'000;
    count = ::epoll_wait(epoll_.get(), ready_.data(), kBatch,
                         forever ? -1 : static_cast<int>(ms < 60'000 ? ms : 60'000));
  }
  OSTRAKA_ASSERT(count >= 0 || errno == EINTR, "epoll wait failed");
  ready_count_ = count < 0 ? 0 : count;
  return ready_count_;
}

void Poller::dispatch() {
  while (next_ < ready_count_) {
    const epoll_event event = ready_[static_cast<std::size_t>(next_++)];
    if (event.data.ptr != nullptr) {
      static_cast<PollHandler*>(event.data.ptr)->on_ready(event.events);
    }
  }
}

void Poller::wake() {
  const std::uint64_t one = 1;
  // EAGAIN (counter full) still leaves the descriptor readable.
  static_cast<void>(::write(wake_.get(), &one, sizeof(one)));
}

}  // namespace ostraka::net::internal
