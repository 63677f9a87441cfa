// What the gateway's tests stand on: a server on the simulated network, clients, and a router of
// one node whose operations are done by the real state machine on the memory engine.
#pragma once

#include "engine_memory/engine_memory.h"
#include "gateway/resp/server.h"
#include "kv/state_machine.h"
#include "port/file_system.h"
#include "router/router.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_network.h"
#include "sim_ports/sim_scheduler.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::gateway::resp::testing {

// A file system without files: the memory engine starts empty and is never flushed.
class NoFiles final : public port::FileSystem {
 public:
  base::Result<std::unique_ptr<port::File>> open(const std::string& path,
                                                 port::OpenMode mode) override;
  base::Result<bool> exists(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& folder) override;
  base::Status make_directory(const std::string& path) override;
  base::Status rename(const std::string& from, const std::string& to) override;
  base::Status remove(const std::string& path) override;
  base::Status remove_tree(const std::string& path) override;
  base::Status sync_directory(const std::string& folder) override;
  base::Status lock() override { return {}; }
  base::Result<std::uint64_t> free_bytes() override { return std::uint64_t{1} << 40U; }
  std::string root() const override { return {}; }
};

// Applies every write at once, in the order of submission; answers at once, or in a later turn.
class StateRouter final : public router::Router, private kv::ApplyListener {
 public:
  explicit StateRouter(port::Executor& executor);
  ~StateRouter() override;

  std::unique_ptr<router::Session> open_session() override;
  base::WallTime log_time_now() override { return base::WallTime::from_milliseconds(now_ms); }
  bool ready() const override { return true; }

  // Log time of the next entries, and what deadlines are counted from.
  std::int64_t now_ms = 1'700'000'000'000;
  // Moves log time, as a leader does for an idle shard.
  void advance(std::int64_t ms);

  bool answer_later = false;  // in a turn of its own
  bool hold = false;          // not until release()
  void release();
  // Called before each call is done; an error it returns is the call's result, nothing is done.
  std::function<std::optional<base::Error>(const router::Call&)> before_call;
  std::vector<router::Consistency> read_consistency;  // of every read so far
  std::uint64_t writes = 0;                           // entries of commands so far

 private:
  class StateSession;
  void on_result(model::SessionId session, model::Serial serial,
                 const base::Result<base::ByteView>& results) override;
  void on_state_hash(model::LogIndex index, std::uint64_t hash) override;
  base::Result<std::string> run(const router::Call& call);
  base::Result<std::string> write(base::ByteView command);

  port::Executor& executor_;
  NoFiles files_;
  std::unique_ptr<port::Engine> engine_;
  std::unique_ptr<kv::StateMachine> machine_;
  model::LogIndex last_;
  base::Result<std::string> result_;
  std::vector<StateSession*> sessions_;
};

class TestInfo final : public ServerInfo {
 public:
  ServerFacts facts() override { return facts_; }
  ServerFacts facts_{.version = "0.0.0",
                     .node_name = "n1",
                     .run_id = std::string(40, '0'),
                     .role = "leader",
                     .leader_name = "n1",
                     .executable = "ostraka",
                     .config_file = "",
                     .nodes = 3,
                     .acknowledging_replicas = 1};
};

class World;

class Client final : public port::StreamHandler {
 public:
  explicit Client(World& world) : world_(world) {}
  // Sends, runs the world for a while, and returns what has arrived since the last call.
  std::string ask(const std::string& bytes);
  // A command of words separated by blanks; '' is the empty word.
  std::string command(const std::string& words);
  std::string command(const std::vector<std::string>& words);
  void send(const std::string& bytes);
  std::string take();
  [[nodiscard]] bool is_closed() const { return closed_; }
  void stop_reading() { stream_->pause_reading(); }
  void read_on() { stream_->resume_reading(); }
  void close() { stream_->abort(); }

  std::size_t on_bytes(base::ByteView bytes) override;
  void on_closed(const base::Error& reason) override;

 private:
  friend class World;
  World& world_;
  std::unique_ptr<port::Stream> stream_;
  std::string received_;
  bool closed_ = false;
};

class World {
 public:
  explicit World(Options options = {}, std::uint64_t seed = 1);
  ~World();
  // A connected client.
  std::unique_ptr<Client> connect();
  void run(base::Duration duration);
  // Runs until nothing but the clock is left to happen.
  void settle() { run(base::Duration::milliseconds(50)); }
  // Another server (node) on the same state.
  void add_server(Options options);

  sim_ports::SimScheduler scheduler;
  sim_ports::SimClock clock;
  sim_ports::SimFabric fabric;
  sim_ports::SimExecutor executor;
  sim_ports::SimNetwork network;
  StateRouter router;
  TestInfo info;
  std::vector<std::unique_ptr<Server>> servers;
  std::size_t connect_to = 0;  // which server the next client gets

  Server& server() { return *servers.front(); }

 private:
  sim_ports::SimExecutor client_executor_;
  sim_ports::SimNetwork client_network_;
};

// The words as a RESP array of bulk strings.
[[nodiscard]] std::string encode(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> split(const std::string& words);

}  // namespace ostraka::gateway::resp::testing
