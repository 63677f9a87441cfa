// A small HTTP server for people and machines that look after a node: health, readiness, metrics,
// status, administration.
//
// One request of a connection is handled at a time; pipelined ones wait, so that answers keep their
// order. Handlers answer when they like: the Responder may outlive the call, the connection and the
// server. Bounds: connections, head and body bytes, time for a request to arrive, time for an
// answer to leave. When all connections are taken, the one that has been idle longest goes.
//
// Threads: one reactor. `executor` and `network` outlive the server.
#pragma once

#include "base/metrics_text.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/http.h"
#include "port/executor.h"
#include "port/network.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace ostraka::gateway::http {

using Request = codec::HttpRequest;  // its views are valid during the handler's call only
using Response = codec::HttpResponse;

class Connection;

// The way back to the client of one request. Destroyed without an answer, it answers 500.
class Responder {
 public:
  explicit Responder(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = delete;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();
  // At most once. When the client has gone, nothing happens.
  void respond(const Response& response);

 private:
  std::weak_ptr<Connection> connection_;  // two owners: the server, and a response under way
};

using Handler = std::move_only_function<void(const Request&, Responder)>;

struct ServerOptions {
  codec::HttpLimits limits = {};
  std::size_t connections_max = 1000;
  base::Duration request_timeout = base::Duration::seconds(10);  // first byte to last
  base::Duration idle_timeout = base::Duration::seconds(60);     // between requests
  base::Duration write_timeout = base::Duration::seconds(30);    // nothing of an answer leaves
};

struct ServerStats {
  std::size_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  // malformed, too large, too slow
};

class Server {
 public:
  Server(port::Executor& executor, port::Network& network, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // A path without a trailing slash, matched exactly; one that ends with "/" matches everything
  // below it. HEAD is answered by the handler of GET. Requires that the pair is new.
  void route(const std::string& method, const std::string& path, Handler handler);

  // Errors as port::Network::listen.
  [[nodiscard]] base::Status start(const std::string& address);
  // HOST:PORT as bound; empty before start().
  [[nodiscard]] std::string address() const;
  // Closes everything; answers that come later are dropped.
  void stop();
  [[nodiscard]] const ServerStats& stats() const { return stats_; }

 private:
  friend class Connection;
  void accept(std::unique_ptr<port::Stream> stream);
  void dispatch(const Request& request, Responder responder);
  void remove(std::uint64_t id);
  void sweep();

  port::Executor& executor_;
  port::Network& network_;
  ServerOptions options_;
  std::map<std::string, std::map<std::string, Handler>> routes_;  // path, method
  std::unique_ptr<port::Listener> listener_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::uint64_t next_id_ = 1;
  std::unique_ptr<port::Timer> sweep_;
  ServerStats stats_;
};

struct StandardRoutes {
  std::function<bool()> ready;  // router.ready(); null: never
  // Everything but the server's own samples and ostraka_up.
  std::function<void(base::MetricsText&)> metrics;
  std::function<std::string()> status_json;  // null: GET /status is not routed
};

// GET /health (the process answers), /ready (200 or 503), /metrics, /status.
void add_standard_routes(Server& server, StandardRoutes routes);

}  // namespace ostraka::gateway::http
