// A simulated reactor: port::Executor on virtual time, with a clock of its own (offset, rate) and
// jobs that take time.
//
// One SimExecutor is one process life. Destroying it is the crash: what was pending is dropped,
// never called.
#pragma once

#include "base/prng.h"
#include "base/time.h"
#include "port/executor.h"
#include "sim_ports/sim_scheduler.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

namespace ostraka::sim_ports {

// The clocks of a simulated machine; survives its processes.
class SimClock {
 public:
  // Monotonic time at a true instant.
  [[nodiscard]] base::Instant local(base::Instant true_time) const;
  // The true instant at which the monotonic clock shows `local_time`.
  [[nodiscard]] base::Instant to_true(base::Instant local_time) const;
  [[nodiscard]] base::WallTime wall(base::Instant true_time) const;
  // From `now` on the monotonic clock runs at rate_per_mille / 1000 of true time (1000 = exact).
  void set_rate(base::Instant now, std::int64_t rate_per_mille);
  // Moves the wall clock.
  void jump_wall(base::Duration by) { wall_offset_ = wall_offset_ + by; }

 private:
  base::Instant true_base_;
  base::Instant local_base_ = base::Instant::from_nanoseconds(1'000'000'000);
  std::int64_t rate_per_mille_ = 1000;
  base::Duration wall_offset_;
};

class SimExecutor final : public port::Executor {
 public:
  // How long a blocking job takes.
  using JobLatency = std::function<base::Duration(unsigned lane)>;

  // `scheduler` and `clock` outlive the executor. Without `latency` a job takes 50 to 500
  // microseconds, by the seed.
  SimExecutor(SimScheduler& scheduler, SimClock& clock, std::uint64_t seed,
              JobLatency latency = {});
  ~SimExecutor() override;

  [[nodiscard]] base::Instant now() override;
  [[nodiscard]] base::WallTime wall_now() override;
  void post(port::Closure closure) override;
  void post_end_of_turn(port::Closure closure) override;
  void post_remote(port::Closure closure) override { post(std::move(closure)); }
  [[nodiscard]] std::unique_ptr<port::Timer> make_timer(port::Closure on_fire) override;
  void run_blocking(unsigned lane, port::Closure job, port::Closure done) override;

  [[nodiscard]] OwnerId owner() const { return owner_; }
  [[nodiscard]] SimScheduler& scheduler() { return scheduler_; }
  // Runs `closure` as an event of this process at a true instant, then the rest of its turn.
  void run_at(base::Instant true_time, port::Closure closure, const char* what = "event");

 private:
  friend class SimTimer;
  void schedule_turn();
  void drain_turn();

  SimScheduler& scheduler_;
  SimClock& clock_;
  OwnerId owner_;
  base::Prng prng_;
  JobLatency latency_;
  std::deque<port::Closure> posted_;
  std::deque<port::Closure> end_of_turn_;
  std::map<unsigned, base::Instant> lane_free_;
  bool turn_scheduled_ = false;
};

}  // namespace ostraka::sim_ports
