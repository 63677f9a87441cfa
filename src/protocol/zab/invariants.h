// The invariants of ZAB over a whole cluster, checked after every step by whoever sees all nodes at
// once: the simulator and the tests. Not part of a server.
//
// It is told what happens and keeps shadow logs of its own, so that it does not believe the
// product: in particular "committed" here means that a quorum of the configuration of epoch e's
// leader has an entry on disk together with current epoch e. One instance per group.
//
// How to use it: protocol/core/cluster_invariants.h.
//
// Invariants (names as in the project's fault list): Z1 one leader per epoch, epochs never fall and
// current <= accepted on every disk; Z2 only what was proposed is delivered, the same everywhere,
// never beyond what is committed; Z3 an epoch is adopted and acknowledged with its whole history,
// which holds everything committed before; Z4 local and global primary order; Z5 a primary
// broadcasts only after it delivered the epochs before its own; Z6 no epoch has more entries than
// its counter can count; R6 monotone, R7 match is true, R8 configurations, R9 durable before sent,
// T1 one lease at one time, C1 a read index is not older than what any node had committed when it
// was asked, D a restart finds what was durable. Agreement (Z2) is judged at the quiet end by
// whoever compares the states. Cost: O(entries * log n) per write; memory grows with the log.
// Threads: none.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/common_invariants.h"
#include "protocol/core/issued_writes.h"
#include "protocol/core/shadow_log.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::protocol::zab {

class Invariants final : public CommonInvariants {
 public:
  // `max_epoch_entries`: as in Settings.
  explicit Invariants(std::uint64_t max_epoch_entries = Settings{}.max_epoch_entries)
      : max_epoch_entries_(max_epoch_entries) {}

  void observe_started(model::NodeId node, const Recovered& recovered) override;
  void observe_crashed(model::NodeId node) override { end_service(node); }
  // D and R7 do not compare with the history of a replaced disk.
  void observe_wiped(model::NodeId node) override {
    end_service(node);
    nodes_.erase(node);
    wiped_.insert(node);
  }
  void observe_append(model::NodeId node, const Append& append,
                      std::span<const std::uint64_t> hashes) override;
  void observe_append_durable(model::NodeId node, AppendToken token) override;
  void observe_install(model::NodeId node, const SnapshotMeta& meta) override;
  void observe_snapshot_durable(model::NodeId node) override;
  void observe_state(model::NodeId node, const ProtocolStatus& status,
                     const model::Configuration& configuration) override;
  void observe_sent(const Message& message) override;
  void observe_applied(model::NodeId node, model::LogIndex index, model::Term term,
                       std::uint64_t payload_hash) override;

  [[nodiscard]] model::LogIndex committed() const override {
    return model::LogIndex{committed_.size()};
  }
  [[nodiscard]] model::Term committed_term(model::LogIndex index) const override;

 private:
  struct Node {
    bool started = false;
    ShadowLog log;
    IssuedWrites issued;
    model::Term term;
    model::LogIndex commit;
    model::LogIndex applied;
    model::Term applied_term;
  };
  // One epoch that a leader has opened: it wrote the epoch as its own and as current. A follower's
  // disk may hold it before the leader's does.
  struct Opened {
    model::NodeId leader;
    model::Configuration configuration;  // in force when the leader was last seen
    model::LogIndex initial_end;
    std::uint64_t initial_chain = 0;
    // the last entry on each disk that holds the epoch as current
    std::map<model::NodeId, model::LogIndex> accepted;
  };
  struct Committed {
    ShadowEntry entry;
    model::Term by;  // the epoch whose quorum committed it
  };
  struct Value {
    std::uint64_t chain = 0;
    std::optional<std::uint64_t> hash;  // of the payload, once it is known
  };

  void settle(model::NodeId node, const IssuedWrite& write);
  void check_epochs(model::NodeId node, const HardState& before, const HardState& after);
  void check_broadcast(model::NodeId node, const Append& append);
  void check_entries(model::NodeId node, const Append& append);
  void check_change(model::NodeId node, const ConfigurationAt& change);
  void check_adopted(model::NodeId node, model::Term epoch);
  void check_peers(model::NodeId node, const ProtocolStatus& status);
  void open_epoch(model::NodeId node, model::Term epoch);
  void count_replicas(model::Term epoch);
  void commit(model::LogIndex index, model::Term epoch);

  const std::uint64_t max_epoch_entries_;
  std::map<model::NodeId, Node> nodes_;
  std::set<model::NodeId> wiped_;
  std::map<model::Term, Opened> epochs_;
  std::map<model::NodeId, model::Configuration> configurations_;  // as each node said last
  std::map<std::pair<model::LogIndex, model::Term>, Value> values_;
  std::vector<Committed> committed_;  // [i] is the entry at index i + 1
  std::map<model::LogIndex, std::pair<model::Term, std::uint64_t>> applied_;
};

}  // namespace ostraka::protocol::zab
