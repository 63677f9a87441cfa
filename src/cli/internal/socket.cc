#include "cli/internal/socket.h"

#include "net/address.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ostraka::cli {

namespace {

base::Error closed(const char* what) {
  return {base::ErrorCode::connection_closed, std::string(what) + ": " + std::strerror(errno)};
}

// Connects without blocking longer than the limit.
bool connect_within(int fd, const net::SocketAddress& address, int limit_ms) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const auto* raw = static_cast<const void*>(&address.storage);
  int result = ::connect(fd, static_cast<const sockaddr*>(raw), address.length);
  if (result != 0 && errno == EINPROGRESS) {
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&waiting, 1, limit_ms) == 1) {
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      errno = error;
      result = error == 0 ? 0 : -1;
    } else {
      errno = ETIMEDOUT;
    }
  }
  ::fcntl(fd, F_SETFL, flags);
  return result == 0;
}

}  // namespace

Socket::~Socket() { close(); }

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void Socket::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

base::Result<Socket> Socket::connect(const std::string& address, base::Duration limit) {
  OSTRAKA_ASSIGN(const net::Address parsed, net::parse_address(address));
  OSTRAKA_ASSIGN(const std::vector<net::SocketAddress> found, net::resolve(parsed));
  std::string reason = "no address";
  for (const net::SocketAddress& each : found) {
    Socket socket;
    socket.fd_ = ::socket(each.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket.fd_ < 0) {
      reason = std::strerror(errno);
      continue;
    }
    if (!connect_within(socket.fd_, each, static_cast<int>(limit.as_milliseconds()))) {
      reason = std::strerror(errno);
      continue;
    }
    const int on = 1;
    ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval time{.tv_sec = limit.as_milliseconds() / 1000,
                       .tv_usec = (limit.as_milliseconds() % 1000) * 1000};
    ::setsockopt(socket.fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(socket.fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    return socket;
  }
  return base::fail(base::ErrorCode::connection_refused, reason);
}

base::Status Socket::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return base::fail(base::ErrorCode::deadline_exceeded, "sending");
    }
    if (sent <= 0) {
      return std::unexpected(closed("sending"));
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

base::Status Socket::read_some(std::string& out) {
  std::array<char, 16384> block;
  for (;;) {
    const ssize_t got = ::recv(fd_, block.data(), block.size(), 0);
    if (got > 0) {
      out.append(block.data(), static_cast<std::size_t>(got));
      return {};
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return base::fail(base::ErrorCode::deadline_exceeded, "waiting for an answer");
    }
    errno = got == 0 ? ECONNRESET : errno;
    return std::unexpected(closed("waiting for an answer"));
  }
}

}  // namespace ostraka::cli
