// The invariants of Multi-Paxos over a whole cluster, checked after every step by whoever sees all
// nodes at once: the simulator and the tests. Not part of a server.
//
// It is told what happens and keeps shadow state of its own, so that it does not believe the
// product: "chosen" here means that a quorum of the voters that decide about a slot wrote one value
// at one ballot. One instance per group. How to use it: protocol/core/cluster_invariants.h.
//
// Invariants (names as in the project's fault list): P1 promises, ballots, P2 one value is chosen
// per slot, P3 a proposal carries the value of the highest ballot reported for its slot, P4 slots
// are applied in order when chosen, and a no-op is proposed only where P3 leaves the choice, P5
// what a leader counts was accepted at its ballot, P6 trimming behind a quorum's states,
// configurations in force from slot + alpha on; S durable before sent, A state machines agree, T1
// one lease at one time, C1 a read index is not older than what any node had applied when it was
// asked, D a restart finds what was durable. Cost: O(log n) per slot and node; memory grows with
// the log. Threads: none.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/common_invariants.h"
#include "protocol/core/issued_writes.h"
#include "protocol/multi_paxos/internal/shadow_slots.h"
#include "protocol/multi_paxos/types.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::protocol::multi_paxos {

class Invariants final : public CommonInvariants {
 public:
  // Those of the cluster's nodes.
  explicit Invariants(const Tuning& tuning = {}) : tuning_(tuning) {}

  void observe_started(model::NodeId node, const Recovered& recovered) override;
  void observe_crashed(model::NodeId node) override { end_service(node); }
  // D and P5 do not compare with the history of a replaced disk.
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

  [[nodiscard]] model::LogIndex committed() const override { return prefix_; }
  [[nodiscard]] model::Term committed_term(model::LogIndex index) const override;

 private:
  using Voters = std::vector<model::NodeId>;

  struct Value {
    EntryKind kind = EntryKind::data;
    std::optional<std::uint64_t> hash;  // not known of what was there from the start
    Voters voters;                      // of a configuration
    [[nodiscard]] bool same(const Value& other) const;
  };
  struct Node {
    bool started = false;
    std::uint64_t lives = 0;
    ShadowSlots slots;
    IssuedWrites issued;
    std::map<model::LogIndex, model::Term> written;  // issued or durable: what it proposes from
    model::Term term;
    model::LogIndex commit;
    model::LogIndex applied;
    model::LogIndex applied_ever;
    model::LogIndex installed;
    model::LogIndex trimmed;
  };
  // What one acceptor told one candidate.
  struct Report {
    std::vector<std::pair<model::LogIndex, model::LogIndex>> covers;
    std::map<model::LogIndex, model::Term> slots;
  };
  struct Choice {
    Value value;
    model::Term ballot;
  };

  void settle(model::NodeId node, const IssuedWrite& write);
  void check_proposal(model::NodeId node, const EntryMeta& entry, const Value& value);
  void check_acknowledged(const Message& message);
  void check_peers(model::NodeId node, const ProtocolStatus& status);
  void check_trimmed(model::NodeId node, model::LogIndex trimmed);
  void check_commit(model::NodeId node, model::LogIndex commit);
  void note_report(const Message& message);
  void propose(model::NodeId node, const EntryMeta& entry, const Value& value);
  void accept(model::NodeId node, const EntryMeta& entry);
  void count(model::LogIndex slot);
  void advance();
  [[nodiscard]] bool is_chosen(model::LogIndex slot) const { return chosen_.contains(slot); }
  [[nodiscard]] bool has_accepted(model::NodeId node, model::LogIndex slot,
                                  model::Term ballot) const;
  [[nodiscard]] const Voters& in_force(model::LogIndex slot) const;
  [[nodiscard]] std::size_t quorum(const Voters& voters, bool phase2) const;

  const Tuning tuning_;
  std::map<model::NodeId, Node> nodes_;
  std::set<model::NodeId> wiped_;
  std::map<model::Term, std::pair<model::NodeId, std::uint64_t>> ballots_;  // used in which life
  std::map<std::pair<model::LogIndex, model::Term>, Value> proposals_;
  std::map<model::Term, std::map<model::NodeId, Report>> reports_;
  // per slot not chosen, per ballot: who accepted; those of chosen slots are kept
  std::map<model::LogIndex, std::map<model::Term, std::set<model::NodeId>>> accepted_;
  std::map<model::LogIndex, Choice> chosen_;
  model::LogIndex prefix_;                            // everything up to here is chosen
  std::map<model::LogIndex, Voters> configurations_;  // by the slot that chose them; 0: the first
  std::map<model::LogIndex, std::uint64_t> applied_;
};

}  // namespace ostraka::protocol::multi_paxos
