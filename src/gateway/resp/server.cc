#include "gateway/resp/server.h"

#include "base/assert.h"
#include "gateway/resp/internal/connection.h"

#include <map>
#include <utility>

namespace ostraka::gateway::resp {
namespace {

// How often time-outs are looked at.
constexpr base::Duration kCheckInterval = base::Duration::seconds(1);
// The same for connections that are to end.
constexpr base::Duration kDrainInterval = base::Duration::milliseconds(5);

}  // namespace

class Server::Impl final : public ConnectionOwner {
 public:
  Impl(port::Executor& executor, port::Network& network, router::Router& router, Options options,
       ServerInfo& info)
      : network_(network),
        context_{.executor = executor,
                 .router = router,
                 .info = info,
                 .options = std::move(options),
                 .statistics = {},
                 .prng = base::Prng(0),
                 .cursors = CursorCache(),
                 .address = {},
                 .draining = false,
                 .visit_clients = {}},
        timer_(executor.make_timer([this] { on_timer(); })) {
    context_.prng = base::Prng(context_.options.seed);
    context_.visit_clients = [this](const std::function<void(const ClientState&)>& visit) {
      for (const auto& [id, connection] : connections_) {
        connection->refresh_client();
        visit(connection->client());
      }
    };
  }

  base::Status start(const std::string& address) {
    OSTRAKA_ASSERT(listener_ == nullptr, "a server starts once");
    auto listener = network_.listen(
        address, [this](std::unique_ptr<port::Stream> stream) { on_accept(std::move(stream)); });
    if (!listener.has_value()) {
      return std::unexpected(listener.error());
    }
    listener_ = std::move(*listener);
    context_.address = listener_->address();
    return {};
  }

  [[nodiscard]] std::string address() const {
    return listener_ == nullptr ? std::string() : listener_->address();
  }

  void drain(base::Instant until, port::Closure on_drained) {
    OSTRAKA_ASSERT(!context_.draining, "a server drains once");
    listener_.reset();
    context_.draining = true;
    on_drained_ = std::move(on_drained);
    drain_until_ = until;
    grace_until_ = context_.executor.now() + context_.options.drain_grace;
    drain_on();
  }

  void on_ended(std::uint64_t id) override {
    // It is on the stack: it goes in a turn of its own.
    const auto found = connections_.find(id);
    if (found == connections_.end()) {
      return;
    }
    context_.executor.post([ended = std::move(found->second)] {});
    connections_.erase(found);
    --context_.statistics.connections_open;
  }

  [[nodiscard]] const Statistics& statistics() const { return context_.statistics; }

 private:
  void on_accept(std::unique_ptr<port::Stream> stream) {
    ++context_.statistics.connections_accepted;
    if (connections_.size() >= context_.options.clients_max) {
      ++context_.statistics.connections_refused;
      refuse(std::move(stream));
      return;
    }
    const std::uint64_t id = ++last_id_;
    auto connection = std::make_shared<Connection>(context_, pool_, *this, std::move(stream), id);
    Connection& started = *connection;
    connections_.emplace(id, std::move(connection));
    ++context_.statistics.connections_open;
    started.start();
    if (connections_.size() == 1) {
      timer_->arm(context_.executor.now() + kCheckInterval);
    }
  }

  // Says why before it closes, as Redis does.
  void refuse(std::unique_ptr<port::Stream> stream) {
    class Deaf final : public port::StreamHandler {
     public:
      std::size_t on_bytes(base::ByteView bytes) override { return bytes.size(); }
      void on_closed(const base::Error& /*reason*/) override {}
    };
    static Deaf deaf;
    stream->start(deaf);
    stream->write(base::ByteView("-ERR max number of clients reached\r\n"));
    stream->close();
  }

  // A connection that ends removes itself.
  template <class Function>
  void each_connection(const Function& function) {
    for (auto it = connections_.begin(); it != connections_.end();) {
      const auto connection = (it++)->second;
      function(*connection);
    }
  }

  void drain_on() {
    const base::Instant now = context_.executor.now();
    const bool grace_over = now >= grace_until_;
    const bool give_up = now >= drain_until_;
    each_connection([&](Connection& connection) {
      if (give_up) {
        connection.give_up();
      } else {
        connection.end_if_drained(grace_over);
      }
    });
    if (connections_.empty()) {
      timer_->disarm();
      context_.executor.post(std::move(on_drained_));
      return;
    }
    timer_->arm(now + kDrainInterval);
  }

  void on_timer() {
    if (context_.draining) {
      drain_on();
      return;
    }
    const base::Instant now = context_.executor.now();
    each_connection([now](Connection& connection) { connection.check_time(now); });
    if (!connections_.empty()) {
      timer_->arm(now + kCheckInterval);
    }
  }

  port::Network& network_;
  ServerContext context_;
  SlotPool pool_;
  std::unique_ptr<port::Timer> timer_;
  std::unique_ptr<port::Listener> listener_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::uint64_t last_id_ = 0;
  port::Closure on_drained_;
  base::Instant drain_until_;
  base::Instant grace_until_;
};

Server::Server(port::Executor& executor, port::Network& network, router::Router& router,
               Options options, ServerInfo& info)
    : impl_(std::make_unique<Impl>(executor, network, router, std::move(options), info)) {}

Server::~Server() = default;

base::Status Server::start(const std::string& address) { return impl_->start(address); }

std::string Server::address() const { return impl_->address(); }

void Server::drain(base::Instant until, port::Closure on_drained) {
  impl_->drain(until, std::move(on_drained));
}

const Statistics& Server::statistics() const { return impl_->statistics(); }

}  // namespace ostraka::gateway::resp
