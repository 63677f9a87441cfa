// A simulated network of byte streams between simulated processes.
//
// Streams behave as TCP does: bytes arrive in order or not at all, in pieces of any size, after a
// delay; loss shows as delay;
// a partition holds bytes until it heals; a process crash resets its connections, a power loss
// leaves them half open.
// Everything random comes from the seed. Threads: one.
#pragma once

#include "base/bytes.h"
#include "base/prng.h"
#include "base/time.h"
#include "port/network.h"
#include "sim_ports/sim_executor.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::sim_ports {

struct SimNetworkOptions {
  base::Duration delay_min = base::Duration::microseconds(20);
  base::Duration delay_max = base::Duration::microseconds(300);
  // One delivery in so many is late by up to `late_max`, as a lost and resent packet would be. 0 =
  // never.
  std::uint32_t late_one_in = 0;
  base::Duration late_max = base::Duration::milliseconds(200);
  // One delivery in so many has a flipped bit. 0 = never.
  std::uint32_t corrupt_one_in = 0;
  std::size_t piece_bytes_max = 16U << 10;  // a delivery is cut into pieces of up to this size
  std::size_t window_bytes = 256U << 10;    // sent and not consumed, per direction
  std::uint64_t bytes_per_ms = 0;           // of each connection and direction; 0 = no limit
};

class SimStream;
class SimNetwork;

// The wires of the world. Hosts are the part of an address before the colon.
class SimFabric {
 public:
  SimFabric(SimScheduler& scheduler, std::uint64_t seed, SimNetworkOptions options = {});
  ~SimFabric();
  SimFabric(const SimFabric&) = delete;
  SimFabric& operator=(const SimFabric&) = delete;

  // Nothing passes from a to b until healed: connections stall, new ones are not made.
  void cut_one_way(const std::string& from, const std::string& to);
  void cut(const std::string& a, const std::string& b);
  void heal_one_way(const std::string& from, const std::string& to);
  void heal(const std::string& a, const std::string& b);
  void heal_all();
  [[nodiscard]] bool is_cut(const std::string& from, const std::string& to) const;
  // Resets every connection between the two hosts.
  void reset_connections(const std::string& a, const std::string& b);
  // A firewall answers `from` for `to`: what stands is reset, new connections are refused until
  // heal_all(), though `to` listens.
  void reject(const std::string& from, const std::string& to);
  // Extra delay of everything from a to b (a slow link); zero or heal_all() removes it.
  void slow(const std::string& from, const std::string& to, base::Duration extra);

  SimNetworkOptions& options() { return options_; }

 private:
  friend class SimStream;
  friend class SimNetwork;
  friend class SimListener;
  struct Connection;
  struct ListenerEntry {
    SimNetwork* network;
    port::Network::OnAccept* on_accept;
  };
  using Link = std::pair<std::string, std::string>;

  base::Duration draw_delay(const std::string& from, const std::string& to);
  void connect(SimNetwork& from, const std::string& address, base::Instant deadline,
               port::Network::OnConnect on_connect);
  void establish(SimNetwork& from, const std::string& address, port::Network::OnConnect on_connect);
  void pump(const std::shared_ptr<Connection>& connection, int side);
  void deliver(const std::shared_ptr<Connection>& connection, int to_side, base::ByteView bytes);
  void close_side(const std::shared_ptr<Connection>& connection, int to_side, bool reset);
  void pump_all();
  void drop_process(SimNetwork& network, bool silent);

  SimScheduler& scheduler_;
  base::Prng prng_;
  SimNetworkOptions options_;
  std::map<std::string, ListenerEntry> listeners_;
  std::set<Link> cuts_;
  std::set<Link> rejects_;
  std::map<Link, base::Duration> slow_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::uint32_t next_port_ = 40'000;
};

// What one process sees of the fabric. Destroying it is the end of the process: its connections are
// reset, or left half open
// when vanish() was called first (power loss).
class SimNetwork final : public port::Network {
 public:
  SimNetwork(SimFabric& fabric, SimExecutor& executor, std::string host);
  ~SimNetwork() override;

  [[nodiscard]] base::Result<std::unique_ptr<port::Listener>> listen(const std::string& address,
                                                                     OnAccept on_accept) override;
  void connect(const std::string& address, base::Instant deadline, OnConnect on_connect) override;
  // The machine is gone without a word: peers are not told.
  void vanish() { silent_ = true; }

  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  friend class SimFabric;
  friend class SimStream;
  SimFabric& fabric_;
  SimExecutor& executor_;
  std::string host_;
  bool silent_ = false;
};

}  // namespace ostraka::sim_ports
