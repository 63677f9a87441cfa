// From a gateway's command to its result: finds the shard, forwards to its leader when that is
// elsewhere, keeps order.
//
// Promises: (1) effects and results of one Session keep program order, also over leader changes and
// forwarding; (2) a write is done exactly once however often the node retries it, or its result is
// an error whose certainty says so; (3) every call ends within its deadline. Bounds: bytes and
// calls in flight per session and per node, how long writes wait; beyond: busy at once. Threads:
// one reactor.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ostraka::router {

enum class ConsistencyKind : std::uint8_t {
  linearizable,  // leader lease or read index
  // local replica, provably not staler than max_staleness, else redirected to the leader
  bounded_staleness,
  stale,  // local replica, whatever it has applied
};

struct Consistency {
  ConsistencyKind kind = ConsistencyKind::linearizable;
  base::Duration max_staleness;
};

// A call in flight. The gateway owns it and keeps it until complete() was called; no allocation per
// call.
class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;

  // Filled by the gateway before submit().
  base::Buffer command;  // codec::CommandBuilder::take()
  bool read_only = false;
  Consistency consistency;
  base::Instant deadline;

  // Called exactly once, possibly from within submit(). The results are valid during the call only.
  virtual void complete(const base::Result<base::ByteView>& results) = 0;
};

// One client connection's order of operations.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // Abandons what is in flight: calls are completed with `cancelled` before the destructor returns.
  virtual ~Session() = default;
  virtual void submit(Call& call) = 0;
  [[nodiscard]] virtual std::size_t in_flight() const = 0;
};

class Router {
 public:
  Router() = default;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  virtual ~Router() = default;

  [[nodiscard]] virtual std::unique_ptr<Session> open_session() = 0;
  // The wall clock that deadlines of keys are computed from: not before the log time this node has
  // seen.
  [[nodiscard]] virtual base::WallTime log_time_now() = 0;
  // The shard has a leader that this node can reach, and this node may serve.
  [[nodiscard]] virtual bool ready() const = 0;
};

}  // namespace ostraka::router
