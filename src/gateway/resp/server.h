// The Redis front end of a node: RESP2 and RESP3 on port::Network, operations on router::Router.
//
// One Server per reactor; everything runs on that reactor's thread. The executor, network, router
// and information outlive the server. Order: replies of a connection come in the order of its
// requests, and each request sees the effects of the earlier ones. Bounds: Options.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "gateway/resp/options.h"
#include "gateway/resp/server_info.h"
#include "gateway/resp/statistics.h"
#include "port/executor.h"
#include "port/network.h"
#include "router/router.h"

#include <memory>
#include <string>

namespace ostraka::gateway::resp {

class Server {
 public:
  Server(port::Executor& executor, port::Network& network, router::Router& router, Options options,
         ServerInfo& info);
  // Drops what is open. drain() first ends it cleanly.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on HOST:PORT (port 0: any). Errors: those of Network::listen.
  [[nodiscard]] base::Status start(const std::string& address);
  // Where it listens; empty before start() and after drain().
  [[nodiscard]] std::string address() const;
  // Ends every connection, once, and calls back when the last has gone. No new connections are
  // taken. Commands that were begun go on and are answered; what arrives from now on is answered
  // with TRYAGAIN (not done), and then its connection is closed. A connection that says nothing is
  // closed after Options::drain_grace. At `until`, what is still in flight is answered as UNKNOWN
  // (writes) or TRYAGAIN (reads), and replies that nobody takes are dropped.
  void drain(base::Instant until, port::Closure on_drained);

  [[nodiscard]] const Statistics& statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::gateway::resp
