#include "gateway/http/server.h"

#include "base/assert.h"
#include "gateway/http/internal/connection.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ostraka::gateway::http {
namespace {

constexpr base::Duration kSweepInterval = base::Duration::seconds(1);

void append_own_metrics(const ServerStats& stats, base::MetricsText& out) {
  out.gauge({"ostraka_up", "1 while the process serves this page."}, 1);
  out.gauge({"ostraka_http_connections", "Open connections of the HTTP server."},
            static_cast<double>(stats.connections));
  out.counter({"ostraka_http_requests_total", "HTTP requests taken."}, stats.requests);
  out.counter({"ostraka_http_refused_total", "Clients shown out."}, stats.refused);
}

}  // namespace

Responder::~Responder() { respond({.status = 500, .body = "no answer\n"}); }

void Responder::respond(const Response& response) {
  if (const auto connection = connection_.lock()) {
    connection_.reset();
    connection->respond(response);
  }
}

Server::Server(port::Executor& executor, port::Network& network, ServerOptions options)
    : executor_(executor), network_(network), options_(options) {
  sweep_ = executor_.make_timer([this] { sweep(); });
}

Server::~Server() = default;

void Server::route(const std::string& method, const std::string& path, Handler handler) {
  OSTRAKA_ASSERT(path.starts_with('/'), "a path begins with a slash");
  const bool is_new = routes_[path].emplace(method, std::move(handler)).second;
  OSTRAKA_ASSERT(is_new, "a route is registered once");
}

base::Status Server::start(const std::string& address) {
  OSTRAKA_ASSIGN(listener_, network_.listen(address, [this](std::unique_ptr<port::Stream> stream) {
    accept(std::move(stream));
  }));
  sweep_->arm(executor_.now() + kSweepInterval);
  return {};
}

std::string Server::address() const { return listener_ == nullptr ? "" : listener_->address(); }

void Server::stop() {
  listener_.reset();
  sweep_->disarm();
  for (const auto& [id, connection] : connections_) {
    connection->finish();
  }
  connections_.clear();
  stats_.connections = 0;
}

void Server::accept(std::unique_ptr<port::Stream> stream) {
  if (connections_.size() >= options_.connections_max) {
    const auto oldest = std::ranges::min_element(connections_, {}, [](const auto& entry) {
      // Those that wait for an answer last.
      return std::pair(!entry.second->is_idle(), entry.second->last_active());
    });
    ++stats_.refused;
    remove(oldest->first);
  }
  const std::uint64_t id = next_id_++;
  auto connection = std::make_shared<Connection>(*this, id, std::move(stream));
  connections_.emplace(id, connection);
  stats_.connections = connections_.size();
  connection->start();
}

// Those on the stack hold a reference of their own.
void Server::remove(std::uint64_t id) {
  auto node = connections_.extract(id);
  if (!node.empty()) {
    node.mapped()->finish();
    executor_.post([owned = std::move(node.mapped())] {});
  }
  stats_.connections = connections_.size();
}

void Server::dispatch(const Request& request, Responder responder) {
  const std::string path(request.path);
  auto found = routes_.find(path);
  for (std::size_t end = path.rfind('/'); found == routes_.end() && end != std::string::npos;
       end = end == 0 ? std::string::npos : path.rfind('/', end - 1)) {
    if (end != 0) {  // "/" itself is matched exactly
      found = routes_.find(path.substr(0, end + 1));
    }
  }
  if (found == routes_.end()) {
    responder.respond({.status = 404, .body = "no such page\n"});
    return;
  }
  auto& methods = found->second;
  const std::string method = request.method == "HEAD" ? "GET" : std::string(request.method);
  const auto handler = methods.find(method);
  if (handler == methods.end()) {
    std::string allowed;
    for (const auto& [name, unused] : methods) {
      allowed += (allowed.empty() ? "" : ", ") + name;
    }
    responder.respond(
        {.status = 405, .body = "allowed: " + allowed + "\n", .headers = {{"Allow", allowed}}});
    return;
  }
  handler->second(request, std::move(responder));
}

void Server::sweep() {
  sweep_->arm(executor_.now() + kSweepInterval);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) {
    all.push_back(connection);
  }
  const base::Instant now = executor_.now();
  for (const auto& connection : all) {
    static_cast<void>(connection->check_time(now));
  }
}

void add_standard_routes(Server& server, StandardRoutes routes) {
  server.route("GET", "/health", [](const Request&, Responder responder) {
    responder.respond({.status = 200, .body = "ok\n"});
  });
  server.route("GET", "/ready",
               [is_ready = std::move(routes.ready)](const Request&, Responder responder) {
                 const bool ready = is_ready && is_ready();
                 responder.respond({.status = ready ? 200 : 503,
                                    .body = ready ? "ready\n" : "not ready\n",
                                    .headers = {}});
               });
  server.route("GET", "/metrics",
               [&server, metrics = std::move(routes.metrics)](const Request&, Responder responder) {
                 base::MetricsText text;
                 append_own_metrics(server.stats(), text);
                 if (metrics) {
                   metrics(text);
                 }
                 responder.respond({.status = 200,
                                    .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                    .body = text.take(),
                                    .headers = {}});
               });
  if (!routes.status_json) {
    return;  // the owner answers it otherwise, for example later than at once
  }
  server.route(
      "GET", "/status",
      [status = std::move(routes.status_json)](const Request&, Responder responder) {
        responder.respond(
            {.status = 200, .content_type = "application/json", .body = status(), .headers = {}});
      });
}

}  // namespace ostraka::gateway::http
