// What must hold over a whole cluster of one engine, checked by whoever sees all nodes at once: the
// simulator and the tests. Not part of a server. Each engine has its own (protocol/<engine>/
// invariants.h), which keeps shadow state and does not believe the product.
//
// How to use it, per simulated event of node n:
//   1. n starts or restarts:      observe_started(n, recovered), before its first step
//   2. a write reaches its disk:  observe_append_durable(n, token) or observe_snapshot_durable(n),
//                                 before the event (Durable, SnapshotInstalled) is stepped
//   3. after n's step:            observe_append(n, effects.append, hashes) if present,
//                                 observe_install(n, meta) if effects.install_snapshot,
//                                 observe_state(n, status(), configuration())
//   4. a message leaves n:        observe_sent(message); send_after_durable: when it really leaves
//   5. n's state machine applies: observe_applied(n, index, term, hash of the payload)
//   6. reads:                     observe_read_asked(n, id), observe_read_ready(n, id, index); a
//                                 read by lease is asked and ready (at commit) at the same moment
//   7. at true times of choice:   observe_lease(m, lease_covers(m's clock)) for every node m, each
//                                 step in short runs
//   8. n crashes:                 observe_crashed(n)
//   9. check(): the first violation, for ever; name, nodes, numbers
//
// Threads: none. Memory grows with the log.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace ostraka::protocol {

class ClusterInvariants {
 public:
  ClusterInvariants() = default;
  ClusterInvariants(const ClusterInvariants&) = delete;
  ClusterInvariants& operator=(const ClusterInvariants&) = delete;
  virtual ~ClusterInvariants() = default;

  virtual void observe_started(model::NodeId node, const Recovered& recovered) = 0;
  virtual void observe_crashed(model::NodeId node) = 0;
  // Its disk was replaced by an empty one: another history.
  virtual void observe_wiped(model::NodeId node) = 0;
  // `hashes`: of the payloads of append.entries, in their order; empty when the observer does not
  // know them (then equal (index, term) is taken for an equal value).
  virtual void observe_append(model::NodeId node, const Append& append,
                              std::span<const std::uint64_t> hashes) = 0;
  virtual void observe_append_durable(model::NodeId node, AppendToken token) = 0;
  virtual void observe_install(model::NodeId node, const SnapshotMeta& meta) = 0;
  virtual void observe_snapshot_durable(model::NodeId node) = 0;
  virtual void observe_state(model::NodeId node, const ProtocolStatus& status,
                             const model::Configuration& configuration) = 0;
  virtual void observe_sent(const Message& message) = 0;
  virtual void observe_applied(model::NodeId node, model::LogIndex index, model::Term term,
                               std::uint64_t payload_hash) = 0;
  virtual void observe_read_asked(model::NodeId node, RequestId id) = 0;
  virtual void observe_read_ready(model::NodeId node, RequestId id, model::LogIndex index) = 0;
  virtual void observe_read_failed(model::NodeId node, RequestId id) = 0;
  virtual void observe_lease(model::NodeId node, bool covers) = 0;

  // The first violation, or nothing. Judges leases on what was told since the last call, so every
  // node is sampled at one true time between two calls, or none.
  [[nodiscard]] virtual std::optional<std::string> check() = 0;
  // The last entry that is committed (chosen without gaps) by the checker's own definition, and its
  // term (0 beyond).
  [[nodiscard]] virtual model::LogIndex committed() const = 0;
  [[nodiscard]] virtual model::Term committed_term(model::LogIndex index) const = 0;
};

}  // namespace ostraka::protocol
