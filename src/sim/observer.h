// Watches every replica's protocol from outside and holds the invariants of its engine over
// the whole simulated cluster.
//
// A protocol instance is wrapped when a node makes it; the wrapper tells the observer what goes in
// and what comes out. The
// product knows nothing of it. Threads: one. Ownership: the observer outlives the wrapped
// instances.
#pragma once

#include "base/time.h"
#include "protocol/core/cluster_invariants.h"
#include "protocol/core/engine_probe.h"
#include "protocol/core/protocol.h"
#include "sim/message_control.h"
#include "sim/recording.h"
#include "store/store.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ostraka::sim {

class Observer {
 public:
  explicit Observer(const protocol::EngineProbe& engine)
      : engine_(engine), invariants_(engine.make_invariants()) {}
  // Makes instances of the engine, with the planted bug if any, each wrapped.
  [[nodiscard]] store::ProtocolFactory factory();
  // From now on, in those that run and those to come. `unwatched`: the bug may send what is not
  // durable (R9) and must be caught by what comes of it.
  void plant(std::size_t mutant, bool unwatched);

  // `clock` gives the monotonic clock of a node that runs now.
  using Clocks = std::function<base::Instant(model::NodeId)>;
  // After every event of the world. The first violation, or nothing.
  [[nodiscard]] std::optional<std::string> check(const Clocks& clocks);
  void crashed(model::NodeId node);
  void wiped(model::NodeId node) { invariants_->observe_wiped(node); }

  // Is told of every step and message from now on. Not owned.
  void record(Recording& recording) { recording_ = &recording; }
  [[nodiscard]] const protocol::EngineProbe& engine() const { return engine_; }
  // Exact schedules hold messages back by it.
  [[nodiscard]] MessageControl& control() { return control_; }
  // What runs on that node, behind the wrapper; null when nothing does.
  [[nodiscard]] const protocol::Protocol* protocol(model::NodeId node) const;

  // Leaders seen over the run; elections for liveness scenarios.
  [[nodiscard]] std::uint64_t elections() const { return elections_; }
  // Received snapshots that took the place of a replica's state.
  [[nodiscard]] std::uint64_t snapshots_installed() const { return snapshots_installed_; }
  // Payload of entries that leaders sent again to a peer.
  [[nodiscard]] std::uint64_t resent_bytes() const { return resent_bytes_; }
  [[nodiscard]] model::Term highest_term() const { return highest_term_; }

 private:
  friend class ObservedProtocol;
  const protocol::EngineProbe& engine_;
  std::unique_ptr<protocol::ClusterInvariants> invariants_;
  MessageControl control_;
  Recording* recording_ = nullptr;
  std::map<model::NodeId, protocol::Protocol*> running_;
  std::size_t mutant_ = 0;  // a place in engine_.mutants
  std::map<model::Term, model::NodeId> leaders_;
  std::uint64_t elections_ = 0;
  std::uint64_t snapshots_installed_ = 0;
  std::uint64_t resent_bytes_ = 0;
  model::Term highest_term_;
  std::uint64_t lease_reads_ = 0;
  bool watches_sent_ = true;
  bool dirty_ = false;
};

}  // namespace ostraka::sim
