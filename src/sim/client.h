// A simulated Redis client: one connection to one node of the cluster, through the real gateway.
//
// Answers are matched in order. When the connection breaks, what was in flight is unknown, and the
// client goes to another
// node. Threads: one.
#pragma once

#include "port/network.h"
#include "sim/world.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim {

enum class Outcome : std::uint8_t { ok, failed, unknown };

struct Reply {
  Outcome outcome = Outcome::unknown;
  char type = '_';   // RESP2 type of an ok reply: + : $ and '_' for nil
  std::string text;  // its value, or the error
};

class Client final : public port::StreamHandler {
 public:
  using OnReply = std::move_only_function<void(const Reply&)>;

  Client(World& world, std::string host, std::uint64_t seed);
  ~Client() override;

  // Calls back exactly once. Several calls in flight are a pipeline.
  void send(const std::vector<std::string>& command, OnReply on_reply);
  [[nodiscard]] std::size_t in_flight() const { return waiting_.size(); }
  [[nodiscard]] bool is_connected() const { return stream_ != nullptr; }
  // Goes to another node now.
  void reconnect();
  // The next connections go to this node only; empty = any.
  void prefer(std::string node) { preferred_ = std::move(node); }
  // Nothing of this client happens any more.
  void stop();
  [[nodiscard]] sim_ports::SimExecutor& executor() { return executor_; }

  std::size_t on_bytes(base::ByteView bytes) override;
  void on_closed(const base::Error& reason) override;

 private:
  void connect();
  void fail_all(Outcome outcome, const std::string& why);
  void deadline_passed();

  World& world_;
  base::Prng prng_;
  sim_ports::SimClock clock_;
  sim_ports::SimExecutor executor_;
  sim_ports::SimNetwork network_;
  std::unique_ptr<port::Timer> deadline_;
  std::unique_ptr<port::Timer> retry_;
  std::unique_ptr<port::Stream> stream_;
  std::string preferred_;
  std::string unsent_;  // encoded while not connected
  struct Waiting {
    OnReply on_reply;
    base::Instant deadline;
    bool sent = false;
  };
  std::deque<Waiting> waiting_;
  bool connecting_ = false;
  bool stopped_ = false;
  std::uint64_t attempt_ = 0;
};

}  // namespace ostraka::sim
