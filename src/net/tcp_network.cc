#include "base/assert.h"
#include "net/address.h"
#include "net/internal/tcp_connection.h"
#include "net/internal/tcp_connector.h"
#include "net/internal/tcp_listener.h"
#include "net/network.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::net {
namespace {

using internal::ConnectedSocket;
using internal::TcpConnection;
using internal::TcpConnector;
using internal::TcpListener;

constexpr unsigned kResolverLane = internal::kLanesMax - 1;

class TcpNetwork;

class TcpStream final : public port::Stream {
 public:
  TcpStream(TcpNetwork& network, std::unique_ptr<TcpConnection> connection)
      : network_(network), connection_(std::move(connection)), peer_(connection_->peer_address()) {}
  ~TcpStream() override { close(); }

  void start(port::StreamHandler& handler) override { connection_->start(handler); }
  void write(base::ByteView bytes) override {
    if (connection_ != nullptr) {
      connection_->write(bytes);
    }
  }
  void write(base::Buffer buffer) override {
    if (connection_ != nullptr) {
      connection_->write(std::move(buffer));
    }
  }
  [[nodiscard]] std::size_t pending_bytes() const override {
    return connection_ == nullptr ? 0 : connection_->pending_bytes();
  }
  void pause_reading() override {
    if (connection_ != nullptr) {
      connection_->pause_reading();
    }
  }
  void resume_reading() override {
    if (connection_ != nullptr) {
      connection_->resume_reading();
    }
  }
  void close() override;
  void abort() override;
  [[nodiscard]] std::string peer_address() const override { return peer_; }

 private:
  TcpNetwork& network_;
  std::unique_ptr<TcpConnection> connection_;  // null after close()
  std::string peer_;
};

class ListenerHandle final : public port::Listener {
 public:
  ListenerHandle(Reactor& reactor, std::unique_ptr<TcpListener> listener)
      : reactor_(reactor), listener_(std::move(listener)) {}
  ~ListenerHandle() override {
    listener_->shut();
    reactor_.retire(std::move(listener_));  // it may be on the stack: closed from its own callback
  }
  [[nodiscard]] std::string address() const override { return listener_->address(); }

 private:
  Reactor& reactor_;
  std::unique_ptr<TcpListener> listener_;
};

class TcpNetwork final : public port::Network {
 public:
  TcpNetwork(Reactor& reactor, NetworkOptions options) : reactor_(reactor), options_(options) {
    sweep_ = reactor_.make_timer([this] { sweep(); });
  }

  [[nodiscard]] base::Result<std::unique_ptr<port::Listener>> listen(const std::string& address,
                                                                     OnAccept on_accept) override {
    auto on_socket = [this, accept = std::move(on_accept)](internal::Descriptor fd,
                                                           const SocketAddress& peer) mutable {
      accept(make_stream(std::move(fd), peer));
    };
    OSTRAKA_ASSIGN(auto listener,
                   TcpListener::open(reactor_, options_, address, std::move(on_socket)));
    return std::make_unique<ListenerHandle>(reactor_, std::move(listener));
  }

  void connect(const std::string& address, base::Instant deadline, OnConnect on_connect) override;
  void linger(std::unique_ptr<TcpConnection> connection);
  [[nodiscard]] Reactor& reactor() { return reactor_; }

 private:
  struct Lingering {
    base::Instant until;
    std::unique_ptr<TcpConnection> connection;
  };
  using ConnectorId = std::uint64_t;

  [[nodiscard]] std::unique_ptr<port::Stream> make_stream(internal::Descriptor fd,
                                                          const SocketAddress& peer) {
    return std::make_unique<TcpStream>(
        *this, std::make_unique<TcpConnection>(reactor_, options_, std::move(fd), peer));
  }
  void start_connector(ConnectorId id, base::Result<std::vector<SocketAddress>> addresses);
  void sweep();

  Reactor& reactor_;
  NetworkOptions options_;
  std::vector<Lingering> lingering_;  // in the order of their deadlines
  std::map<ConnectorId, std::unique_ptr<TcpConnector>> connectors_;
  ConnectorId next_connector_ = 1;
  std::unique_ptr<port::Timer> sweep_;
  // Posted closures hold a weak reference: they do nothing once the network is gone.
  std::shared_ptr<TcpNetwork*> self_ = std::make_shared<TcpNetwork*>(this);
};

void TcpStream::close() {
  if (connection_ == nullptr) {
    return;
  }
  if (connection_->begin_linger()) {
    network_.linger(std::move(connection_));
  } else {
    network_.reactor().retire(std::move(connection_));
  }
}

void TcpStream::abort() {
  if (connection_ != nullptr) {
    connection_->shut(true);
    network_.reactor().retire(std::move(connection_));
  }
}

void TcpNetwork::linger(std::unique_ptr<TcpConnection> connection) {
  const base::Instant until = reactor_.now() + options_.linger;
  if (lingering_.empty()) {
    sweep_->arm(until);
  }
  lingering_.push_back(Lingering{.until = until, .connection = std::move(connection)});
}

void TcpNetwork::sweep() {
  const base::Instant now = reactor_.now();
  std::erase_if(lingering_, [now](const Lingering& one) {
    return one.connection->is_finished() || one.until <= now;
  });
  if (!lingering_.empty()) {
    sweep_->arm(lingering_.front().until);
  }
}

void TcpNetwork::connect(const std::string& address, base::Instant deadline, OnConnect on_connect) {
  const ConnectorId id = next_connector_++;
  auto on_result = [this, id,
                    call = std::move(on_connect)](base::Result<ConnectedSocket> result) mutable {
    auto node = connectors_.extract(id);
    reactor_.retire(std::move(node.mapped()));
    if (result.has_value()) {
      call(make_stream(std::move(result->fd), result->peer));
    } else {
      call(std::unexpected(std::move(result).error()));
    }
  };
  connectors_.emplace(
      id, std::make_unique<TcpConnector>(reactor_, address, deadline, std::move(on_result)));
  base::Result<Address> parsed = parse_address(address);
  auto start = [weak = std::weak_ptr(self_),
                id](base::Result<std::vector<SocketAddress>> addresses) mutable {
    if (const auto self = weak.lock()) {
      (*self)->start_connector(id, std::move(addresses));
    }
  };
  if (!parsed.has_value() || is_numeric(*parsed)) {
    reactor_.post([start = std::move(start), parsed = std::move(parsed)]() mutable {
      using Addresses = base::Result<std::vector<SocketAddress>>;
      start(parsed.has_value() ? resolve(*parsed) : Addresses(std::unexpected(parsed.error())));
    });
    return;
  }
  auto found = std::make_shared<base::Result<std::vector<SocketAddress>>>();
  reactor_.run_blocking(
      kResolverLane, [found, host = *parsed] { *found = resolve(host); },
      [found, start = std::move(start)]() mutable { start(std::move(*found)); });
}

void TcpNetwork::start_connector(ConnectorId id,
                                 base::Result<std::vector<SocketAddress>> addresses) {
  const auto found = connectors_.find(id);
  if (found == connectors_.end()) {
    return;  // the deadline was faster than the name server
  }
  if (addresses.has_value()) {
    found->second->start(std::move(*addresses));
  } else {
    found->second->finish(std::unexpected(std::move(addresses).error()));
  }
}

}  // namespace

std::unique_ptr<port::Network> make_network(Reactor& reactor, NetworkOptions options) {
  return std::make_unique<TcpNetwork>(reactor, options);
}

}  // namespace ostraka::net
