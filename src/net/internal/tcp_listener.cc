#include "net/internal/tcp_listener.h"

#include "base/assert.h"
#include "net/internal/tcp_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace ostraka::net::internal {
namespace {

// The rest waits for the next turn, so that a storm of clients does not starve those that are in.
constexpr int kAcceptsPerTurn = 64;
constexpr int kBacklog = 4096;

Descriptor open_reserve() { return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// Accepted sockets inherit these options on Linux.
void set_options(int fd, int family) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (family == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
}

}  // namespace

base::Result<std::unique_ptr<TcpListener>> TcpListener::open(Reactor& reactor,
                                                             const NetworkOptions& options,
                                                             const std::string& address,
                                                             OnSocket on_socket) {
  OSTRAKA_ASSIGN(const Address parsed, parse_address(address));
  OSTRAKA_ASSIGN(const std::vector<SocketAddress> resolved, resolve(parsed));
  const SocketAddress& local = resolved.front();
  Descriptor fd(::socket(local.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    return std::unexpected(socket_error(errno, "listening on " + address));
  }
  set_options(fd.get(), local.family());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local.storage), local.length) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return std::unexpected(socket_error(errno, "listening on " + address));
  }
  return std::make_unique<TcpListener>(reactor, options, std::move(fd), std::move(on_socket));
}

TcpListener::TcpListener(Reactor& reactor, const NetworkOptions& options, Descriptor fd,
                         OnSocket on_socket)
    : reactor_(reactor),
      options_(options),
      fd_(std::move(fd)),
      reserve_(open_reserve()),
      on_socket_(std::move(on_socket)) {
  SocketAddress bound;
  bound.length = sizeof(bound.storage);
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
  address_ = bound.to_string();
  pause_ = reactor_.make_timer([this] { reactor_.poller().modify(fd_.get(), EPOLLIN, *this); });
  reactor_.poller().add(fd_.get(), EPOLLIN, *this);
}

TcpListener::~TcpListener() { shut(); }

void TcpListener::shut() {
  pause_.reset();
  if (fd_.is_open()) {
    reactor_.poller().remove(fd_.get(), *this);
    fd_.reset();
  }
}

void TcpListener::on_ready(std::uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn && fd_.is_open(); ++i) {
    if (!accept_one()) {
      return;
    }
  }
}

bool TcpListener::accept_one() {
  SocketAddress peer;
  peer.length = sizeof(peer.storage);
  Descriptor accepted(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.is_open()) {
    on_socket_(std::move(accepted), peer);
    return true;
  }
  const int code = errno;
  if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM) {
    out_of_descriptors();
    return false;
  }
  // A client that gave up between the handshake and now is no reason to stop.
  return code == ECONNABORTED || code == EINTR;
}

void TcpListener::out_of_descriptors() {
  if (reserve_.is_open()) {
    reserve_.reset();
    const Descriptor refused(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  if (!reserve_.is_open()) {
    reserve_ = open_reserve();
  }
  reactor_.poller().modify(fd_.get(), 0, *this);
  pause_->arm(reactor_.now() + options_.accept_pause);
}

}  // namespace ostraka::net::internal
