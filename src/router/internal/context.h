// What the parts of the router share: the ports, the bounds, the counters, and the way to complete
// a call.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "peer/transport.h"
#include "port/executor.h"
#include "router/node_router.h"
#include "router/router.h"
#include "router/shard.h"

#include <cstddef>

namespace ostraka::router {

class ClientSession;

// Where writes and linearizable reads go now.
struct Target {
  model::NodeId node;  // none: no leader is known
  bool here = false;
  friend bool operator==(const Target&, const Target&) = default;
};

class Context {
 public:
  Context(port::Executor& executor_ref, Shard& shard_ref, peer::Transport& transport_ref,
          const RouterOptions& given)
      : executor(executor_ref), shard(shard_ref), transport(transport_ref), options(given) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  virtual ~Context() = default;

  // Sends what waits at the end of this turn.
  virtual void request_flush() = 0;
  // Ends a call of a session; the last use of both by the caller.
  virtual void finish(ClientSession& session, Call& call,
                      const base::Result<base::ByteView>& results) = 0;

  [[nodiscard]] Target target() const {
    if (shard.leads()) {
      return {.node = options.self, .here = true};
    }
    const model::NodeId leader = shard.leader();
    return {.node = leader == options.self ? model::NodeId{} : leader, .here = false};
  }

  port::Executor& executor;
  Shard& shard;
  peer::Transport& transport;
  const RouterOptions options;
  RouterCounters counters;
};

}  // namespace ostraka::router
