#include "bench/internal/connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ostraka::bench::internal {

Poll::~Poll() {
  if (epoll_ >= 0) {
    ::close(epoll_);
  }
}

base::Status Poll::open() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) {
    return base::fail(base::ErrorCode::io_error, "epoll_create1");
  }
  return {};
}

void Poll::wait(std::uint64_t nanoseconds, const std::function<void()>& woken) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  std::array<epoll_event, 256> events{};
  const timespec limit{.tv_sec = static_cast<time_t>(nanoseconds / kSecond),
                       .tv_nsec = static_cast<long>(nanoseconds % kSecond)};
  const int count =
      ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  if (count > 0) {
    woken();
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Connection*>(event.data.ptr)->on_event(event.events);
  }
}

Connection::~Connection() {
  if (socket_ >= 0) {
    ::close(socket_);
  }
}

base::Status Connection::connect(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string::npos) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "endpoint '" + endpoint + "' is not HOST:PORT");
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(endpoint.substr(0, colon).c_str(), endpoint.substr(colon + 1).c_str(), &hints,
                    &found) != 0) {
    return base::fail(base::ErrorCode::invalid_argument, "unknown host in '" + endpoint + "'");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || ::connect(socket_, found->ai_addr, found->ai_addrlen) != 0) {
    return base::fail(base::ErrorCode::connection_refused, endpoint);
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  ::epoll_ctl(poll_.epoll_, EPOLL_CTL_ADD, socket_, &event);
  codec_->greet(out_);
  if (codec_->is_ready()) {
    ready_told_ = true;
    user_.on_ready(id_);
  }
  return {};
}

void Connection::flush() {
  if (socket_ < 0 || out_.empty() || waits_for_room_) {
    return;
  }
  const ssize_t sent = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) {
    broken();
    return;
  }
  out_.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
  if (!out_.empty()) {
    waits_for_room_ = true;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.ptr = this;
    ::epoll_ctl(poll_.epoll_, EPOLL_CTL_MOD, socket_, &event);
  }
}

void Connection::on_event(std::uint32_t events) {
  if (socket_ < 0) {
    return;
  }
  if ((events & EPOLLOUT) != 0 && waits_for_room_) {
    waits_for_room_ = false;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    ::epoll_ctl(poll_.epoll_, EPOLL_CTL_MOD, socket_, &event);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    read_some();
  }
}

void Connection::read_some() {
  static thread_local std::array<char, 64U << 10> chunk;
  const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) {
      broken();
    }
    return;
  }
  const base::ByteView fresh(chunk.data(), static_cast<std::size_t>(got));
  base::ByteView input = fresh;
  if (!in_.empty()) {
    in_.append(fresh);
    input = in_;
  }
  answers_.clear();
  const std::size_t used = codec_->parse(input, answers_, out_);
  if (used == SIZE_MAX) {
    broken();
    return;
  }
  if (in_.empty()) {
    in_.assign(input.substr(used));
  } else {
    in_.erase(0, used);
  }
  if (!ready_told_ && codec_->is_ready()) {
    ready_told_ = true;
    user_.on_ready(id_);
  }
  for (Answer& answer : answers_) {
    user_.on_answer(id_, answer);
  }
}

void Connection::broken() {
  ::close(socket_);
  socket_ = -1;
  out_.clear();
  in_.clear();
  user_.on_broken(id_);
}

}  // namespace ostraka::bench::internal
