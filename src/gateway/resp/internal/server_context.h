// What all connections of a server share.
//
// Threads: the server's reactor.
#pragma once

#include "base/prng.h"
#include "gateway/resp/internal/client_state.h"
#include "gateway/resp/internal/cursor_cache.h"
#include "gateway/resp/options.h"
#include "gateway/resp/server_info.h"
#include "gateway/resp/statistics.h"
#include "port/executor.h"
#include "router/router.h"

#include <functional>
#include <string>

namespace ostraka::gateway::resp {

struct ServerContext {
  port::Executor& executor;
  router::Router& router;
  ServerInfo& info;
  Options options;  // CONFIG SET changes it
  Statistics statistics;
  base::Prng prng;
  CursorCache cursors;
  std::string address;    // where the server listens
  bool draining = false;  // no command is begun any more
  // Visits every open connection in the order of their identifiers.
  std::function<void(const std::function<void(const ClientState&)>&)> visit_clients;
};

}  // namespace ostraka::gateway::resp
