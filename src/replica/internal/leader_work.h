// What a replica does on its own behalf: the leader ends what has expired (keys, idle sessions)
// through the log and keeps the log time within a quorum's clocks; every replica deletes keys of
// old generations.
//
// Threads: the shard's reactor.
#pragma once

#include "base/time.h"
#include "kv/state_machine.h"
#include "model/ids.h"
#include "model/membership.h"
#include "port/executor.h"
#include "protocol/core/protocol.h"
#include "replica/internal/driver.h"
#include "replica/internal/intake.h"
#include "replica/internal/log_clock.h"
#include "replica/internal/read_index_frame.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ostraka::replica {

class LeaderWork {
 public:
  struct Environment {
    model::ShardId shard;
    model::NodeId self;
    port::Executor& executor;
    Driver& driver;
    Peers& peers;
    const protocol::Protocol& protocol;
    kv::StateMachine& state_machine;
    Intake& intake;
    LogClock& clock;
    const Options& options;
  };
  explicit LeaderWork(const Environment& environment);

  void start();
  void stop();
  // Leadership was gained.
  void on_leadership();
  // Leads, and the log time has settled.
  [[nodiscard]] bool is_ready() const { return env_.driver.leads() && told_ready_; }
  // No quorum of voters has room for entries, because disks are full; as of the last tick.
  [[nodiscard]] bool is_quorum_full() const { return quorum_full_; }
  // The voter with the longest log among those with space; none unless they are a quorum.
  [[nodiscard]] model::NodeId heir_with_space() const;
  void on_clock_reply(model::NodeId from, const ReadIndexReply& reply);

 private:
  void tick();
  void remove_expired();
  void ask_clocks();
  void count_clocks();
  [[nodiscard]] bool has_everybody() const;  // every voter's clock is known
  void tell_ready();
  [[nodiscard]] bool has_space(const std::vector<model::Member>& voters,
                               const protocol::ProtocolStatus& status) const;
  void count_space();
  [[nodiscard]] bool quorum_of(const std::vector<model::Member>& voters, base::WallTime& time);

  Environment env_;
  std::map<model::NodeId, base::WallTime> clocks_;  // answers to clock_ticket_
  std::uint64_t clock_ticket_ = 0;
  std::optional<base::Instant> asked_at_;  // the question that is open
  bool told_ready_ = false;                // under this leadership
  bool quorum_full_ = false;
  model::LogIndex expiry_proposed_at_;  // commit index behind which the last removal lies
  std::vector<base::WallTime> sorted_;
  std::string frame_;
  std::unique_ptr<port::Timer> timer_;
};

}  // namespace ostraka::replica
