// The part of an engine's invariants that is the same for every engine, because it judges what a
// cluster promises and not how the engine keeps it: C1, a read index is not older than what any
// node had committed when it was asked, and a read has one answer; T1, one lease at one time.
//
// Each engine derives its own invariants from it (protocol/core/cluster_invariants.h). Threads:
// none.
#pragma once

#include "model/ids.h"
#include "protocol/core/cluster_invariants.h"
#include "protocol/core/event.h"

#include <map>
#include <optional>
#include <string>

namespace ostraka::protocol {

class CommonInvariants : public ClusterInvariants {
 public:
  void observe_read_asked(model::NodeId node, RequestId id) final;
  void observe_read_ready(model::NodeId node, RequestId id, model::LogIndex index) final;
  void observe_read_failed(model::NodeId node, RequestId id) final;
  void observe_lease(model::NodeId node, bool covers) final;
  [[nodiscard]] std::optional<std::string> check() final;

 protected:
  // Only the first one counts.
  void violated(std::string text);
  // A node reports this commit index: no later read may miss it.
  void note_commit(model::LogIndex commit);
  // A node that does not lead has no lease, whatever it said before this step.
  void end_lease(model::NodeId node);
  // It crashed, or starts: its reads are nobody's any more.
  void end_service(model::NodeId node);

 private:
  struct Service {
    bool lease = false;
    std::map<RequestId, model::LogIndex> reads;  // floor of each open read
  };

  std::optional<std::string> violation_;
  std::map<model::NodeId, Service> services_;
  model::LogIndex commit_seen_;  // greatest commit index that any node reported
};

}  // namespace ostraka::protocol
