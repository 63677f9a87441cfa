#include "sim_ports/sim_network.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::sim_ports {
namespace {

// As the real network: a queue that was longer than this tells when it is empty again.
constexpr std::size_t kHighWaterBytes = 256U << 10;

// Bytes in order. Taking small pieces off many megabytes costs no more than the bytes taken.
class ByteQueue {
 public:
  void append(base::ByteView bytes) { bytes_.append(bytes); }
  [[nodiscard]] std::string take(std::size_t count) {
    std::string piece = bytes_.substr(taken_, count);
    taken_ += count;
    if (taken_ >= bytes_.size() - taken_) {
      bytes_.erase(0, std::exchange(taken_, 0));
    }
    return piece;
  }
  void clear() {
    bytes_.clear();
    taken_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - taken_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace

// Two sides; side 0 dialled, side 1 accepted. What side s wrote and the network has not taken is in
// `unsent`, what has
// arrived at s and its handler has not consumed is in `arrived`.
struct SimFabric::Connection {
  struct Side {
    SimNetwork* network = nullptr;  // null when the process is gone
    OwnerId owner;
    SimExecutor* executor = nullptr;
    std::string host;
    SimStream* stream = nullptr;  // null when closed by its user
    port::StreamHandler* handler = nullptr;
    ByteQueue unsent;
    std::string arrived;
    std::size_t in_flight = 0;   // taken by the network, not yet arrived at the other side
    base::Instant last_arrival;  // deliveries to this side never overtake
    bool paused = false;
    bool flush_posted = false;
    bool want_drained = false;
    bool closing = false;  // close() called: close when unsent is empty
    bool vanished = false;
    bool peer_closed = false;  // told or to be told by on_closed
  };
  Side sides[2];
  bool reset_pending = false;
};

class SimStream final : public port::Stream {
 public:
  SimStream(SimFabric& fabric, std::shared_ptr<SimFabric::Connection> connection, int side)
      : fabric_(fabric), connection_(std::move(connection)), side_(side) {
    mine().stream = this;
  }
  ~SimStream() override { close(); }

  void start(port::StreamHandler& handler) override {
    mine().handler = &handler;
    post_offer();
  }
  void write(base::ByteView bytes) override {
    if (mine().stream != this) {
      return;
    }
    mine().unsent.append(bytes);
    mine().want_drained = mine().want_drained || mine().unsent.size() > kHighWaterBytes;
    post_flush();
  }
  void write(base::Buffer buffer) override { write(buffer.view()); }
  [[nodiscard]] std::size_t pending_bytes() const override {
    return connection_->sides[side_].unsent.size();
  }
  void pause_reading() override { mine().paused = true; }
  void resume_reading() override {
    if (mine().paused) {
      mine().paused = false;
      post_offer();
    }
  }
  void close() override { end(false); }
  void abort() override { end(true); }
  [[nodiscard]] std::string peer_address() const override {
    return connection_->sides[1 - side_].host + ":0";
  }

 private:
  SimFabric::Connection::Side& mine() { return connection_->sides[side_]; }
  bool still_open() const { return connection_->sides[side_].stream == this; }

  void post_flush() {
    if (mine().flush_posted) {
      return;
    }
    mine().flush_posted = true;
    mine().executor->post_end_of_turn([&fabric = fabric_, connection = connection_, side = side_] {
      connection->sides[side].flush_posted = false;
      fabric.pump(connection, side);
    });
  }
  // Gives what has arrived to the handler, in an event of its own.
  void post_offer() {
    mine().executor->post([&fabric = fabric_, connection = connection_, side = side_] {
      fabric.deliver(connection, side, {});
    });
  }
  void end(bool reset) {
    if (!still_open()) {
      return;
    }
    mine().stream = nullptr;
    mine().handler = nullptr;
    mine().closing = true;
    if (mine().network == nullptr || mine().network->silent_) {
      mine().unsent.clear();  // a machine without power says nothing
      return;
    }
    if (reset) {
      mine().unsent.clear();
    }
    if (mine().unsent.empty()) {
      fabric_.close_side(connection_, 1 - side_, reset);
    } else {
      post_flush();
    }
  }

  SimFabric& fabric_;
  std::shared_ptr<SimFabric::Connection> connection_;
  int side_;
};

class SimListener final : public port::Listener {
 public:
  SimListener(SimFabric& fabric, std::string address, port::Network::OnAccept on_accept)
      : fabric_(fabric), address_(std::move(address)), on_accept_(std::move(on_accept)) {}
  ~SimListener() override {
    const auto found = fabric_.listeners_.find(address_);
    if (found != fabric_.listeners_.end() && found->second.on_accept == &on_accept_) {
      fabric_.listeners_.erase(found);
    }
  }
  [[nodiscard]] std::string address() const override { return address_; }
  port::Network::OnAccept& on_accept() { return on_accept_; }

 private:
  SimFabric& fabric_;
  std::string address_;
  port::Network::OnAccept on_accept_;
};

SimFabric::SimFabric(SimScheduler& scheduler, std::uint64_t seed, SimNetworkOptions options)
    : scheduler_(scheduler), prng_(seed), options_(options) {}

SimFabric::~SimFabric() = default;

void SimFabric::cut_one_way(const std::string& from, const std::string& to) {
  cuts_.emplace(from, to);
}

void SimFabric::cut(const std::string& a, const std::string& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void SimFabric::heal_one_way(const std::string& from, const std::string& to) {
  cuts_.erase(Link(from, to));
  pump_all();
}

void SimFabric::heal(const std::string& a, const std::string& b) {
  cuts_.erase(Link(a, b));
  cuts_.erase(Link(b, a));
  pump_all();
}

void SimFabric::heal_all() {
  cuts_.clear();
  rejects_.clear();
  slow_.clear();
  pump_all();
}

bool SimFabric::is_cut(const std::string& from, const std::string& to) const {
  return cuts_.contains(Link(from, to));
}

void SimFabric::slow(const std::string& from, const std::string& to, base::Duration extra) {
  slow_[Link(from, to)] = extra;
}

void SimFabric::reject(const std::string& from, const std::string& to) {
  rejects_.emplace(from, to);
  reset_connections(from, to);
}

void SimFabric::reset_connections(const std::string& a, const std::string& b) {
  for (const std::weak_ptr<Connection>& weak : std::vector(connections_)) {
    const std::shared_ptr<Connection> connection = weak.lock();
    if (!connection) {
      continue;
    }
    const std::string& dialler = connection->sides[0].host;
    const std::string& acceptor = connection->sides[1].host;
    if ((dialler == a && acceptor == b) || (dialler == b && acceptor == a)) {
      for (int side = 0; side < 2; ++side) {
        connection->sides[side].unsent.clear();
        close_side(connection, side, true);
      }
    }
  }
}

base::Duration SimFabric::draw_delay(const std::string& from, const std::string& to) {
  base::Duration delay = base::Duration::nanoseconds(
      prng_.between(options_.delay_min.as_nanoseconds(), options_.delay_max.as_nanoseconds()));
  if (options_.late_one_in != 0 && prng_.chance(1, options_.late_one_in)) {
    delay =
        delay + base::Duration::nanoseconds(prng_.between(0, options_.late_max.as_nanoseconds()));
  }
  const auto found = slow_.find(Link(from, to));
  return found == slow_.end() ? delay : delay + found->second;
}

// Takes what side `side` wrote and puts it on the wire, as far as the window and the partition
// allow.
void SimFabric::pump(const std::shared_ptr<Connection>& connection, int side) {
  Connection::Side& from = connection->sides[side];
  Connection::Side& to = connection->sides[1 - side];
  if (is_cut(from.host, to.host)) {
    return;
  }
  while (!from.unsent.empty()) {
    const std::size_t outstanding = from.in_flight + to.arrived.size();
    if (outstanding >= options_.window_bytes) {
      return;
    }
    std::size_t count = std::min(from.unsent.size(), options_.window_bytes - outstanding);
    count = std::min(count, options_.piece_bytes_max);
    if (count > 1 && prng_.chance(1, 8)) {
      count = 1 + prng_.below(count);  // a partial frame
    }
    std::string piece = from.unsent.take(count);
    if (options_.corrupt_one_in != 0 && prng_.chance(1, options_.corrupt_one_in)) {
      const std::uint64_t bit = prng_.below(8);
      char& hit = piece[prng_.below(piece.size())];
      hit = static_cast<char>(static_cast<unsigned char>(hit) ^ (1U << bit));
    }
    from.in_flight += count;
    to.last_arrival = std::max(to.last_arrival, scheduler_.now() + draw_delay(from.host, to.host));
    if (options_.bytes_per_ms != 0) {
      to.last_arrival = to.last_arrival + base::Duration::nanoseconds(static_cast<std::int64_t>(
                                              count * 1'000'000 / options_.bytes_per_ms));
    }
    scheduler_.schedule(to.last_arrival, OwnerId{},
                        [this, connection, side, piece = std::move(piece)]() mutable {
                          connection->sides[side].in_flight -= piece.size();
                          Connection::Side& target = connection->sides[1 - side];
                          if (target.network == nullptr || target.peer_closed) {
                            return;
                          }
                          target.executor->run_at(
                              scheduler_.now(),
                              [this, connection, side, piece = std::move(piece)] {
                                deliver(connection, 1 - side, piece);
                              },
                              "bytes");
                        });
  }
  if (from.closing) {
    close_side(connection, 1 - side, false);
  } else if (from.want_drained && from.handler != nullptr) {
    from.want_drained = false;
    from.handler->on_drained();
  }
}

void SimFabric::deliver(const std::shared_ptr<Connection>& connection, int to_side,
                        base::ByteView bytes) {
  Connection::Side& side = connection->sides[to_side];
  side.arrived.append(bytes);
  if (side.handler == nullptr || side.paused || side.arrived.empty()) {
    return;
  }
  const std::size_t consumed = side.handler->on_bytes(side.arrived);
  OSTRAKA_ASSERT(consumed <= side.arrived.size(), "a handler consumed more than it was given");
  side.arrived.erase(0, consumed);
  if (consumed != 0) {
    pump(connection, 1 - to_side);
  }
}

// Tells side `to_side` that the other end is gone, behind everything sent before.
void SimFabric::close_side(const std::shared_ptr<Connection>& connection, int to_side, bool reset) {
  Connection::Side& to = connection->sides[to_side];
  const Connection::Side& from = connection->sides[1 - to_side];
  if (to.network == nullptr) {
    return;
  }
  const base::Instant at =
      std::max(to.last_arrival, scheduler_.now() + draw_delay(from.host, to.host));
  to.last_arrival = at;
  scheduler_.schedule(at, OwnerId{}, [this, connection, to_side, reset] {
    Connection::Side& target = connection->sides[to_side];
    if (target.network == nullptr || target.peer_closed) {
      return;
    }
    if (is_cut(connection->sides[1 - to_side].host, target.host)) {
      // Nobody hears of it before the partition heals; look again later.
      scheduler_.schedule(
          scheduler_.now() + base::Duration::milliseconds(20), OwnerId{},
          [this, connection, to_side, reset] { close_side(connection, to_side, reset); });
      return;
    }
    target.peer_closed = true;
    target.executor->run_at(
        scheduler_.now(),
        [connection, to_side, reset] {
          Connection::Side& last = connection->sides[to_side];
          if (last.handler == nullptr) {
            return;
          }
          port::StreamHandler* handler = std::exchange(last.handler, nullptr);
          last.stream = nullptr;
          handler->on_closed(base::Error{base::ErrorCode::connection_closed,
                                         reset ? "reset by peer" : "closed by peer"});
        },
        "closed");
  });
}

void SimFabric::pump_all() {
  for (const std::weak_ptr<Connection>& weak : std::vector(connections_)) {
    if (const std::shared_ptr<Connection> connection = weak.lock()) {
      pump(connection, 0);
      pump(connection, 1);
    }
  }
}

void SimFabric::connect(SimNetwork& from, const std::string& address, base::Instant deadline,
                        port::Network::OnConnect on_connect) {
  const std::string host = address.substr(0, address.rfind(':'));
  if (is_cut(from.host_, host) || is_cut(host, from.host_)) {
    SimExecutor& executor = from.executor_;
    // Silence: the caller hears at its deadline.
    auto timer = std::make_shared<std::unique_ptr<port::Timer>>();
    *timer = executor.make_timer([timer, on_connect = std::move(on_connect)]() mutable {
      on_connect(base::fail(base::ErrorCode::deadline_exceeded, "connect"));
      timer->reset();
    });
    (*timer)->arm(deadline);
    return;
  }
  const OwnerId owner = from.executor_.owner();
  scheduler_.schedule(scheduler_.now() + draw_delay(from.host_, host), owner,
                      [this, &from, address, on_connect = std::move(on_connect)]() mutable {
                        establish(from, address, std::move(on_connect));
                      });
}

void SimFabric::establish(SimNetwork& from, const std::string& address,
                          port::Network::OnConnect on_connect) {
  const auto found = listeners_.find(address);
  const std::string host = address.substr(0, address.rfind(':'));
  if (found == listeners_.end() || rejects_.contains(Link(from.host_, host))) {
    on_connect(base::fail(base::ErrorCode::connection_refused, address));
    return;
  }
  SimNetwork& to = *found->second.network;
  auto connection = std::make_shared<Connection>();
  SimNetwork* networks[2] = {&from, &to};
  for (int side = 0; side < 2; ++side) {
    Connection::Side& end = connection->sides[side];
    end.network = networks[side];
    end.executor = &networks[side]->executor_;
    end.owner = end.executor->owner();
    end.host = networks[side]->host_;
  }
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  connections_.push_back(connection);
  to.executor_.run_at(scheduler_.now(), [this, connection, address] {
    const auto still = listeners_.find(address);
    if (still == listeners_.end() || still->second.network != connection->sides[1].network) {
      close_side(connection, 0, true);
      return;
    }
    (*still->second.on_accept)(std::make_unique<SimStream>(*this, connection, 1));
  });
  on_connect(std::make_unique<SimStream>(*this, connection, 0));
}

void SimFabric::drop_process(SimNetwork& network, bool silent) {
  std::erase_if(listeners_,
                [&network](const auto& entry) { return entry.second.network == &network; });
  for (const std::weak_ptr<Connection>& weak : std::vector(connections_)) {
    const std::shared_ptr<Connection> connection = weak.lock();
    if (!connection) {
      continue;
    }
    for (int side = 0; side < 2; ++side) {
      Connection::Side& end = connection->sides[side];
      if (end.network != &network) {
        continue;
      }
      end.network = nullptr;
      end.executor = nullptr;
      end.handler = nullptr;
      end.stream = nullptr;
      end.unsent.clear();
      if (!silent) {
        close_side(connection, 1 - side, true);
      }
    }
  }
}

SimNetwork::SimNetwork(SimFabric& fabric, SimExecutor& executor, std::string host)
    : fabric_(fabric), executor_(executor), host_(std::move(host)) {}

SimNetwork::~SimNetwork() { fabric_.drop_process(*this, silent_); }

base::Result<std::unique_ptr<port::Listener>> SimNetwork::listen(const std::string& address,
                                                                 OnAccept on_accept) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.substr(0, colon) != host_) {
    return base::fail(base::ErrorCode::invalid_argument, "listen address " + address);
  }
  std::string bound = address;
  if (address.substr(colon + 1) == "0") {
    bound = host_ + ":" + std::to_string(fabric_.next_port_++);
  }
  if (fabric_.listeners_.contains(bound)) {
    return base::fail(base::ErrorCode::address_in_use, bound);
  }
  auto listener = std::make_unique<SimListener>(fabric_, bound, std::move(on_accept));
  fabric_.listeners_[bound] = SimFabric::ListenerEntry{this, &listener->on_accept()};
  return listener;
}

void SimNetwork::connect(const std::string& address, base::Instant deadline, OnConnect on_connect) {
  fabric_.connect(*this, address, deadline, std::move(on_connect));
}

}  // namespace ostraka::sim_ports
