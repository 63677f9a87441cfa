// Reads of bounded staleness on any replica.
//
// This replica stamps a request with its own monotonic time and asks the leader for its commit
// index, confirmed after receipt. Once that index is applied here, the state is not staler than
// now - stamp (both ends measured by this node's clock alone). One request serves all reads that
// wait; it is repeated while they wait. Never silently older: too_stale after a time-out.
// Threads: the shard's reactor.
#pragma once

#include "base/time.h"
#include "kv/state_machine.h"
#include "model/ids.h"
#include "port/executor.h"
#include "replica/internal/driver.h"
#include "replica/internal/read_index_frame.h"
#include "replica/internal/reads.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::replica {

class StaleReads {
 public:
  struct Environment {
    model::ShardId shard;
    port::Executor& executor;
    Driver& driver;
    Peers& peers;
    kv::StateMachine& state_machine;
    Reads& reads;
    const Options& options;
  };
  explicit StaleReads(const Environment& environment);

  void read(Read& read);
  void on_reply(const ReadIndexReply& reply);
  // Something was applied.
  void on_progress();
  // The leader changed: asks again at once.
  void on_leader();
  bool cancel(Read& read) { return std::erase(waiting_, &read) != 0; }
  void fail_all(base::ErrorCode code);

 private:
  struct Confirmed {
    base::Instant stamp;
    model::LogIndex index;
  };
  struct Asked {
    std::uint64_t ticket = 0;
    base::Instant stamp;
  };

  [[nodiscard]] bool is_fresh_for(const Read& read, base::Instant now) const;
  void ask();
  void on_timer();

  Environment env_;
  std::vector<Read*> waiting_;
  std::optional<Asked> asked_;
  std::optional<Confirmed> confirmed_;        // waits to be applied
  std::optional<base::Instant> fresh_as_of_;  // the applied state has everything committed by then
  std::uint64_t next_ticket_ = 1;
  std::string frame_;
  std::unique_ptr<port::Timer> timer_;
};

}  // namespace ostraka::replica
