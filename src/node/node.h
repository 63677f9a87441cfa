// One node, assembled from ports: data directory, log, engine, peers, the shard, the router, the
// Redis and HTTP front ends. The same class runs in the server and in the simulator.
//
// Order of starting: lock and identity of the directory; log; engine; the shard from checkpoint and
// log; listeners. Order of stopping: leadership is handed over while clients are served; the Redis
// front end takes no new connection, answers what is in flight and refuses what comes
// (drain_limit); checkpoint; peers. Threads: one reactor. Ownership: Environment outlives the node.
// Destroying a node that was not stopped is a crash.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "gateway/resp/options.h"
#include "model/ids.h"
#include "node/cluster.h"
#include "node/environment.h"
#include "peer/transport.h"
#include "router/node_router.h"
#include "store/store.h"
#include "wal/wal.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::node {

// A deliberate bug for the simulator. Never reachable from a server's configuration.
enum class Mutant : std::uint8_t {
  none,
  // All disks have the same identity: a wiped one passes for the one before (E8).
  wiped_voter_votes,
};

struct Options {
  std::string name = "n1";
  std::string version = "0";
  std::string peer_listen = "127.0.0.1:7379";
  std::string advertise;  // where peers reach this node; empty = peer_listen as bound
  std::string redis_listen = "127.0.0.1:6379";
  std::string http_listen = "127.0.0.1:8379";
  std::vector<InitialMember> cluster;  // sorted by name; empty = a cluster of one
  std::string engine;                  // of replication, by name; empty = as stored, told, Raft
  std::string join;                    // peer address of any member; empty = do not join
  std::string peer_secret;
  std::string config_file;  // for INFO
  std::string executable;   // for INFO
  std::uint64_t seed = 0;   // new for every process start
  gateway::resp::Options redis;
  store::Options store;
  kv::StateMachineOptions state;
  peer::Mutant peer_mutant = peer::Mutant::none;
  wal::Options wal;
  router::RouterOptions router;
  Mutant mutant = Mutant::none;
  base::Duration stop_limit = base::Duration::seconds(5);   // for handing over and draining
  base::Duration drain_limit = base::Duration::seconds(2);  // of it, for commands in flight
};

struct Addresses {
  std::string peer;
  std::string redis;
  std::string http;
};

class NodeListener {
 public:
  NodeListener() = default;
  NodeListener(const NodeListener&) = delete;
  NodeListener& operator=(const NodeListener&) = delete;
  virtual ~NodeListener() = default;
  // Serving: every listener is open.
  virtual void on_ready(const Addresses& addresses) = 0;
  // The node cannot go on (failed sync, damaged data, refused by its cluster). The program prints
  // the reason and ends.
  virtual void on_fatal(const base::Error& reason) = 0;
};

class Node final {
 public:
  // Both outlive the node.
  Node(Environment environment, Options options, NodeListener& listener);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Blocking work of starting; a joining node goes on after it returned. Errors: identity_mismatch,
  // busy (locked directory), corruption, address_in_use, … with what to do in the context.
  [[nodiscard]] base::Status start();
  // Hands over, drains, writes the last checkpoint, then calls back; within options.stop_limit.
  void stop(std::move_only_function<void()> on_stopped);

  [[nodiscard]] model::NodeId id() const;
  [[nodiscard]] model::ClusterId cluster() const;
  // For the simulator's workloads and invariants. Null before start().
  [[nodiscard]] router::NodeRouter* router();
  [[nodiscard]] store::Store* store();
  [[nodiscard]] Addresses addresses() const;

  class Impl;  // node/internal/node_impl.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::node
