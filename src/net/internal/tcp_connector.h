// One attempt to connect: the addresses of a host one after the other, until one answers or the
// deadline passes.
//
// Threads: the reactor's. Calls back exactly once, from an event, never from within start().
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/internal/poller.h"
#include "net/reactor.h"
#include "port/executor.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::net::internal {

struct ConnectedSocket {
  Descriptor fd;
  SocketAddress peer;
};

class TcpConnector final : public PollHandler {
 public:
  using OnResult = std::move_only_function<void(base::Result<ConnectedSocket>)>;

  TcpConnector(Reactor& reactor, std::string name, base::Instant deadline, OnResult on_result);
  ~TcpConnector() override;

  // With the addresses of the name, once they are known.
  void start(std::vector<SocketAddress> addresses);
  void finish(base::Result<ConnectedSocket> result);
  void on_ready(std::uint32_t events) override;

 private:
  void try_next();
  void drop_socket();

  Reactor& reactor_;
  std::string name_;
  OnResult on_result_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  Descriptor fd_;
  base::Error last_error_;
  std::unique_ptr<port::Timer> deadline_;
};

}  // namespace ostraka::net::internal
