// The parts of a node and the order of their lives.
#pragma once

#include "base/prng.h"
#include "gateway/http/server.h"
#include "gateway/resp/server.h"
#include "gateway/resp/server_info.h"
#include "node/internal/admin.h"
#include "node/internal/node_status.h"
#include "node/internal/origin.h"
#include "node/internal/replica_shard.h"
#include "node/node.h"
#include "peer/transport.h"
#include "protocol/engines/engines.h"
#include "wal/data_directory.h"
#include "wal/wal.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace ostraka::node {

inline constexpr model::ShardId kShard{1};

// What exists once the identity is known; built and destroyed together, members in wiring order.
struct Machinery {
  std::unique_ptr<wal::Wal> log;
  std::unique_ptr<port::Engine> engine;
  std::unique_ptr<peer::Transport> transport;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<ReplicaShard> shard;
  std::unique_ptr<router::NodeRouter> router;
  std::unique_ptr<Admin> admin;
  std::unique_ptr<gateway::resp::Server> redis;
  std::unique_ptr<gateway::http::Server> http;
};

class Node::Impl final : public peer::TransportHandler,
                         public store::StoreListener,
                         public gateway::resp::ServerInfo {
 public:
  Impl(Environment environment, Options options, NodeListener& listener);
  ~Impl() override;

  [[nodiscard]] base::Status start();
  void stop(std::move_only_function<void()> on_stopped);

  // peer::TransportHandler
  void on_protocol_message(peer::ReceivedMessage& received) override;
  void on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                base::ByteView body) override;
  void on_connected(model::NodeId peer) override;
  void on_disconnected(model::NodeId peer, bool refused) override;
  // store::StoreListener
  void on_role(model::ShardId shard, const protocol::RoleChange& change) override;
  void on_removed(model::ShardId shard) override;
  void on_stopped(model::ShardId shard, const base::Error& reason) override;
  void on_checkpoint_failed(const base::Error& reason) override;
  // gateway::resp::ServerInfo
  [[nodiscard]] gateway::resp::ServerFacts facts() override;

  [[nodiscard]] NodeFacts node_facts();
  void append_metrics(base::MetricsText& out);
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const wal::Identity& identity() const { return identity_; }
  [[nodiscard]] Machinery& parts() { return parts_; }
  [[nodiscard]] Addresses addresses() const;
  [[nodiscard]] bool is_ready() const;
  // Asks every member for its own status and puts the answers together.
  void cluster_status(std::move_only_function<void(std::string)> on_done);

 private:
  [[nodiscard]] base::Status initialise();
  [[nodiscard]] base::Status keep_identity();
  void join();
  void ask_to_join(const std::string& address, int tries);
  void on_join_reply(base::Result<base::Buffer> reply, int tries);
  [[nodiscard]] base::Status open();
  [[nodiscard]] base::Status open_shard();
  [[nodiscard]] base::Status open_storage();
  [[nodiscard]] base::Status check_membership();
  [[nodiscard]] base::Status open_front_ends();
  [[nodiscard]] std::string advertised() const;
  // node_form.cc
  [[nodiscard]] bool is_formed() const;
  void form();
  void on_greeted(model::NodeId member, base::Result<base::Buffer> reply);
  void end_round();
  void adopt(const model::Configuration& members);
  void on_other_engine(model::NodeId member, const JoinReply& answer);
  void refuse_disk(const std::string& text);
  void fatal(const base::Error& reason);
  void log(LogLevel level, const std::string& line) { environment_.log.write(level, line); }
  void housekeeping();
  void greet_peers();
  // Replaces the node's one timer; also from within its own callback.
  void set_timer(port::Closure on_fire, base::Duration after);
  void drop_timer();
  void hand_over();
  void drain();
  void close();

  Environment environment_;
  Options options_;
  NodeListener& listener_;
  base::Prng prng_;
  wal::Identity identity_;
  Origin origin_;
  const protocol::Engine* engine_ = nullptr;  // once the identity is known
  base::Instant started_at_;
  std::unique_ptr<port::Timer> timer_;
  std::unique_ptr<peer::Transport> join_transport_;
  Machinery parts_;
  // While the cluster is being formed: what this round's answers say, and who is still to answer.
  struct {
    model::Configuration heard;
    std::size_t waiting = 0;
    std::uint64_t rounds = 0;
  } forming_;
  base::Instant leaderless_since_;
  bool failed_ = false;
  bool serving_ = false;
  base::Instant stop_deadline_ = base::Instant::never();
  std::move_only_function<void()> on_stopped_callback_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ostraka::node
