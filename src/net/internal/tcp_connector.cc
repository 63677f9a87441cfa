#include "net/internal/tcp_connector.h"

#include "net/internal/tcp_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace ostraka::net::internal {

TcpConnector::TcpConnector(Reactor& reactor, std::string name, base::Instant deadline,
                           OnResult on_result)
    : reactor_(reactor),
      name_(std::move(name)),
      on_result_(std::move(on_result)),
      last_error_{base::ErrorCode::connection_closed, "connecting to " + name_} {
  deadline_ = reactor_.make_timer(
      [this] { finish(base::fail(base::ErrorCode::deadline_exceeded, "connecting to " + name_)); });
  deadline_->arm(deadline);
}

TcpConnector::~TcpConnector() { drop_socket(); }

void TcpConnector::start(std::vector<SocketAddress> addresses) {
  addresses_ = std::move(addresses);
  try_next();
}

void TcpConnector::try_next() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    fd_ = Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) {
      last_error_ = socket_error(errno, "connecting to " + name_);
      continue;
    }
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    const int result =
        ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
    if (result == 0 || errno == EINPROGRESS) {
      reactor_.poller().add(fd_.get(), EPOLLOUT, *this);
      return;
    }
    last_error_ = socket_error(errno, "connecting to " + name_);
    fd_.reset();
  }
  finish(std::unexpected(last_error_));
}

void TcpConnector::on_ready(std::uint32_t) {
  int code = 0;
  socklen_t length = sizeof(code);
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) {
    last_error_ = socket_error(code, "connecting to " + name_);
    drop_socket();
    try_next();
    return;
  }
  reactor_.poller().remove(fd_.get(), *this);
  finish(ConnectedSocket{.fd = std::move(fd_), .peer = addresses_[next_ - 1]});
}

void TcpConnector::drop_socket() {
  if (fd_.is_open()) {
    reactor_.poller().remove(fd_.get(), *this);
    fd_.reset();
  }
}

void TcpConnector::finish(base::Result<ConnectedSocket> result) {
  drop_socket();
  deadline_->disarm();
  if (on_result_) {
    std::exchange(on_result_, nullptr)(std::move(result));
  }
}

}  // namespace ostraka::net::internal
