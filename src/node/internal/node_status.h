// What a node says of itself: one object of /status, the whole of /status from all nodes' objects,
// and the page of /metrics.
#pragma once

#include "base/metrics_text.h"
#include "gateway/resp/statistics.h"
#include "model/membership.h"
#include "node/environment.h"
#include "port/log_store.h"
#include "replica/replica.h"
#include "router/node_router.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace ostraka::node {

// A sample of everything; pointers are null while the part does not exist.
struct NodeFacts {
  std::string name;
  model::NodeId id;
  std::string version;
  std::string engine;  // of replication
  std::string leader_name;
  std::string redis_address;
  std::string http_address;
  double uptime_seconds = 0;
  std::optional<replica::Status> replica;
  std::optional<replica::Counters> replica_counters;
  std::optional<store::StoreStatus> store;
  std::optional<port::LogStoreStats> log;
  std::optional<router::RouterStatus> router;
  const gateway::resp::Statistics* redis = nullptr;
  std::vector<peer::PeerConnectionStatus> peers;
  std::uint64_t free_disk_bytes = 0;
  ProcessUsage process;
};

[[nodiscard]] std::string role_text(const replica::Status& status);
// {"name":…,"id":…,"role":…,"term":…,"commit":…,"applied":…,"lag":…,"lease":…,"disk":…,…}
[[nodiscard]] std::string local_status_json(const NodeFacts& facts);

struct NodeAnswer {
  model::Member member;
  bool learner = false;
  std::optional<std::string> json;  // none: it did not answer
};
// {"leader":…,"engine":…,"nodes":[…]}: lag is counted from the highest commit index that any node
// told.
[[nodiscard]] std::string cluster_status_json(const std::string& leader,
                                              const std::vector<NodeAnswer>& answers);
void add_metrics(const NodeFacts& facts, base::MetricsText& out);

}  // namespace ostraka::node
