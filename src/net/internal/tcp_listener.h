// A listening socket. Running out of file descriptors closes the newest client at once (from a
// reserve descriptor) and then pauses accepting, instead of spinning on a readable listener.
//
// Threads: the reactor's.
#pragma once

#include "base/result.h"
#include "net/address.h"
#include "net/internal/poller.h"
#include "net/network.h"
#include "net/reactor.h"
#include "port/network.h"

#include <functional>
#include <memory>
#include <string>

namespace ostraka::net::internal {

class TcpListener final : public PollHandler {
 public:
  using OnSocket = std::move_only_function<void(Descriptor fd, const SocketAddress& peer)>;

  // Binds and listens. Errors as port::Network::listen.
  [[nodiscard]] static base::Result<std::unique_ptr<TcpListener>> open(
      Reactor& reactor, const NetworkOptions& options, const std::string& address,
      OnSocket on_socket);
  TcpListener(Reactor& reactor, const NetworkOptions& options, Descriptor fd, OnSocket on_socket);
  ~TcpListener() override;

  [[nodiscard]] const std::string& address() const { return address_; }
  // No callback follows; the port is free.
  void shut();
  void on_ready(std::uint32_t events) override;

 private:
  [[nodiscard]] bool accept_one();
  void out_of_descriptors();

  Reactor& reactor_;
  const NetworkOptions& options_;
  Descriptor fd_;
  Descriptor reserve_;  // given up to accept and refuse one client when there is no descriptor left
  OnSocket on_socket_;
  std::string address_;
  std::unique_ptr<port::Timer> pause_;
};

}  // namespace ostraka::net::internal
