// Reads of a leader, and reads of whatever is applied.
//
// Linearizable: when the lease covers a clock sample taken after the request was received, the read
// waits until the commit index of that moment is applied; else it waits for a read barrier (one for
// all reads of a turn; Raft thesis section 6.4). Also answers the followers that ask for the commit
// index. Threads: the shard's reactor.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "kv/state_machine.h"
#include "model/ids.h"
#include "port/executor.h"
#include "protocol/core/protocol.h"
#include "replica/internal/deferred.h"
#include "replica/internal/driver.h"
#include "replica/internal/read_index_frame.h"
#include "replica/internal/ring_queue.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::replica {

class Reads {
 public:
  struct Environment {
    model::ShardId shard;
    port::Executor& executor;
    Driver& driver;
    Peers& peers;
    const protocol::Protocol& protocol;
    kv::StateMachine& state_machine;
    Counters& counters;
    const Options& options;
  };
  explicit Reads(const Environment& environment);

  void linearizable(Read& read);
  // Serves from what is applied (waits while the state machine is not whole).
  void local(Read& read);
  // A follower asks for the commit index.
  void remote(model::NodeId from, std::uint64_t ticket);
  // True when it waited here.
  bool cancel(Read& read);

  void on_barrier_ready(protocol::RequestId id, model::LogIndex index);
  // False: not a barrier of ours.
  bool on_barrier_failed(protocol::RequestId id, base::ErrorCode code);
  // Something was applied, or the state machine is whole again.
  void on_progress();
  // Completes everything that waits with `code`.
  void fail_all(base::ErrorCode code);

 private:
  struct Remote {
    model::NodeId from;
    std::uint64_t ticket = 0;
  };
  struct Barrier {
    protocol::RequestId id;
    std::vector<Read*> reads;
    std::vector<Remote> remotes;
    [[nodiscard]] bool empty() const { return reads.empty() && remotes.empty(); }
  };

  [[nodiscard]] bool is_leased();
  [[nodiscard]] bool admit(Read& read);
  void wait_or_serve(Read& read, model::LogIndex index);
  void serve(Read& read);
  void complete(Read& read, base::ErrorCode code);
  void answer(const Remote& remote, bool ok, model::LogIndex index);
  void issue_barrier();

  Environment env_;
  Barrier gathering_;              // joins the next barrier
  std::vector<Barrier> barriers_;  // given to the protocol
  std::vector<Read*> waiting_;     // for an applied index, in order of arrival
  std::size_t waiting_bytes_ = 0;
  std::string result_;
  std::string frame_;
  base::Instant cached_clock_;  // of the planted bug
  Deferred issue_later_;
};

}  // namespace ostraka::replica
