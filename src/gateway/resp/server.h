// The Redis front end of a node: RESP2 and RESP3 on port::Network, operations on router::Router.
//
// One Server per reactor; everything runs on that reactor's thread. The executor, network, router
// and information outlive the server. Order: replies of a connection come in the order of its
// requests, and each request sees the effects of the earlier ones. Bounds: Options.
#pragma once

#include "base/result.h"
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
  // Drops what is open. stop() first ends it cleanly.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on HOST:PORT (port 0: any). Errors: those of Network::listen.
  [[nodiscard]] base::Status start(const std::string& address);
  // Where it listens; empty before start() and after stop().
  [[nodiscard]] std::string address() const;
  // No new connections; open ones are closed after the replies they are owed so far. Commands in
  // flight are abandoned: their clients see a closed connection, which means "unknown".
  void stop();

  [[nodiscard]] const Statistics& statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::gateway::resp
