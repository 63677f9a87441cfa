// The invariants of Raft over a whole cluster, checked after every step by whoever sees all nodes
// at once: the simulator and the tests. Not part of a server.
//
// It is told what happens and keeps shadow logs of its own, so that it does not believe the
// product: in particular "committed" here means that a quorum wrote an entry of term t under term
// t, in the configuration that t's leader had then (Raft paper 5.4.2). One instance per group.
//
// How to use it: protocol/core/cluster_invariants.h.
//
// Invariants (names as in the project's fault list): R1 election safety, R2 leader append-only, R3
// log matching, R4 leader completeness, R5 state-machine safety, R6 monotone and applied <= commit
// <= committed by quorum, R7 match is true, R8 configurations, R9 durable before sent, T1 one lease
// at one time, C1 a read index is not older than what any node had committed when it was asked, D a
// restart finds what was durable.
// Cost: O(entries * log n) per write; memory grows with the log. Threads: none.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/common_invariants.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"
#include "protocol/core/issued_writes.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"
#include "protocol/core/shadow_log.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::protocol::raft {

class Invariants final : public CommonInvariants {
 public:
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
  };
  struct Leader {
    model::NodeId node;
    model::Configuration configuration;  // in force when it was last seen
  };
  struct Committed {
    ShadowEntry entry;
    model::Term by;  // the term whose quorum committed it
  };
  struct Applied {
    model::Term term;
    std::uint64_t hash = 0;
  };

  void settle(model::NodeId node, const IssuedWrite& write);
  void check_writer(model::NodeId node, const Append& append);
  void check_matching(model::NodeId node, const Append& append);
  void check_change(model::NodeId node, const ConfigurationAt& change, model::Term term);
  void check_elected(model::NodeId node, model::Term term);
  void check_peers(model::NodeId node, const ProtocolStatus& status);
  void count_replicas(model::Term term);
  void commit(model::LogIndex index, model::Term term);

  std::map<model::NodeId, Node> nodes_;
  std::set<model::NodeId> wiped_;
  std::map<model::Term, Leader> leaders_;
  // per term, per node: the last entry of that term which it wrote under that term
  std::map<model::Term, std::map<model::NodeId, model::LogIndex>> accepted_;
  std::map<std::pair<model::LogIndex, model::Term>, std::uint64_t> chains_;
  std::vector<Committed> committed_;  // [i] is the entry at index i + 1
  std::map<model::LogIndex, Applied> applied_;
};

}  // namespace ostraka::protocol::raft
