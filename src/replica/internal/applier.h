// Applies committed entries to the state machine, in index order, a bounded amount a turn, in later
// turns than the one that sends: off the latency path.
//
// Entries come from the log cache, else from the log. A busy engine is asked again, a full one
// waited for; any other error of the state machine ends it for good. Threads: the shard's reactor.
#pragma once

#include "base/result.h"
#include "kv/state_machine.h"
#include "model/ids.h"
#include "port/executor.h"
#include "port/log_store.h"
#include "replica/internal/deferred.h"
#include "replica/internal/log_cache.h"
#include "replica/options.h"
#include "replica/replica.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace ostraka::replica {

// Told by the applier.
class ApplyObserver {
 public:
  ApplyObserver() = default;
  ApplyObserver(const ApplyObserver&) = delete;
  ApplyObserver& operator=(const ApplyObserver&) = delete;
  virtual ~ApplyObserver() = default;
  // The state machine is now at `index`. May pause or destroy nothing of the applier.
  virtual void on_applied(model::LogIndex index) = 0;
  virtual void on_apply_failed(const base::Error& error) = 0;
  // The engine has no room. Nothing is lost: apply goes on when the engine has been reopened and
  // the state was loaded again (pause(), resume()).
  virtual void on_apply_suspended(const base::Error& error) = 0;
};

class Applier {
 public:
  struct Environment {
    model::ShardId shard;
    port::Executor& executor;
    port::LogStore& log;
    const LogCache& cache;
    kv::StateMachine& state_machine;
    kv::ApplyListener& results;
    ApplyObserver& observer;
    Counters& counters;
    const Options& options;
  };
  explicit Applier(const Environment& environment);

  // Everything up to `index` is committed and durable here.
  void advance(model::LogIndex index);
  // No apply between pause() and resume(): the state is being replaced.
  void pause();
  void resume();
  // Inside StateMachine::apply now.
  [[nodiscard]] bool applying() const { return applying_; }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

 private:
  void run();
  void apply_batch();
  void read_log(model::LogIndex first);
  void on_read(base::Result<std::vector<port::LogEntry>> entries);
  void on_refused(base::Error error);
  void fail(base::Error error);

  Environment env_;
  model::LogIndex target_;
  std::vector<port::LogEntry> batch_;
  bool paused_ = false;
  bool applying_ = false;
  bool reading_ = false;
  bool suspended_ = false;
  std::uint64_t read_epoch_ = 0;  // a read from before a pause is of no use
  std::optional<base::Error> error_;
  Deferred run_later_;
  std::unique_ptr<port::Timer> retry_;
  std::unique_ptr<port::Timer> give_up_;
  std::optional<base::Error> suspended_by_;  // an error that has to pass soon
  Guard guard_;
};

}  // namespace ostraka::replica
