#include "sim_ports/sim_executor.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::sim_ports {

base::Instant SimClock::local(base::Instant true_time) const {
  const std::int64_t elapsed = (true_time - true_base_).as_nanoseconds();
  const auto scaled = static_cast<__int128>(elapsed) * rate_per_mille_ / 1000;
  return local_base_ + base::Duration::nanoseconds(static_cast<std::int64_t>(scaled));
}

base::Instant SimClock::to_true(base::Instant local_time) const {
  const std::int64_t elapsed = (local_time - local_base_).as_nanoseconds();
  // Rounded up, so that the clock shows at least `local_time` then.
  const auto scaled =
      (static_cast<__int128>(elapsed) * 1000 + rate_per_mille_ - 1) / rate_per_mille_;
  return true_base_ + base::Duration::nanoseconds(static_cast<std::int64_t>(scaled));
}

base::WallTime SimClock::wall(base::Instant true_time) const {
  // The simulated world begins on 2026-01-01.
  constexpr std::int64_t kEpochMs = 1'767'225'600'000;
  return base::WallTime::from_milliseconds(kEpochMs + true_time.as_nanoseconds() / 1'000'000 +
                                           wall_offset_.as_milliseconds());
}

void SimClock::set_rate(base::Instant now, std::int64_t rate_per_mille) {
  OSTRAKA_ASSERT(rate_per_mille > 0, "a monotonic clock does not stand still");
  local_base_ = local(now);
  true_base_ = now;
  rate_per_mille_ = rate_per_mille;
}

// The state outlives the timer object inside scheduled events; a generation tells old deadlines.
class SimTimer final : public port::Timer {
 public:
  SimTimer(SimExecutor& executor, port::Closure on_fire)
      : executor_(executor), state_(std::make_shared<State>(std::move(on_fire))) {}
  ~SimTimer() override { ++state_->generation; }

  void arm(base::Instant deadline) override {
    const std::uint64_t generation = ++state_->generation;
    if (deadline == base::Instant::never()) {
      return;
    }
    auto state = state_;
    executor_.run_at(
        executor_.clock_.to_true(deadline),
        [state, generation] {
          if (state->generation == generation) {
            ++state->generation;
            state->on_fire();
          }
        },
        "timer");
  }
  void disarm() override { ++state_->generation; }

 private:
  struct State {
    explicit State(port::Closure closure) : on_fire(std::move(closure)) {}
    port::Closure on_fire;
    std::uint64_t generation = 0;
  };
  SimExecutor& executor_;
  std::shared_ptr<State> state_;
};

SimExecutor::SimExecutor(SimScheduler& scheduler, SimClock& clock, std::uint64_t seed,
                         JobLatency latency)
    : scheduler_(scheduler),
      clock_(clock),
      owner_(scheduler.new_owner()),
      prng_(seed),
      latency_(std::move(latency)) {}

SimExecutor::~SimExecutor() { scheduler_.kill(owner_); }

base::Instant SimExecutor::now() { return clock_.local(scheduler_.now()); }

base::WallTime SimExecutor::wall_now() { return clock_.wall(scheduler_.now()); }

void SimExecutor::post(port::Closure closure) {
  posted_.push_back(std::move(closure));
  schedule_turn();
}

void SimExecutor::post_end_of_turn(port::Closure closure) {
  end_of_turn_.push_back(std::move(closure));
  schedule_turn();
}

void SimExecutor::schedule_turn() {
  if (turn_scheduled_) {
    return;
  }
  turn_scheduled_ = true;
  scheduler_.schedule(
      scheduler_.now(), owner_,
      [this] {
        turn_scheduled_ = false;
        drain_turn();
      },
      "turn");
}

void SimExecutor::drain_turn() {
  while (!posted_.empty()) {
    port::Closure closure = std::exchange(posted_.front(), {});
    posted_.pop_front();
    closure();
  }
  // What end-of-turn work posts again belongs to the next turn.
  std::deque<port::Closure> batch = std::exchange(end_of_turn_, {});
  for (port::Closure& closure : batch) {
    closure();
  }
}

void SimExecutor::run_at(base::Instant true_time, port::Closure closure, const char* what) {
  scheduler_.schedule(true_time, owner_, std::move(closure), what);
}

std::unique_ptr<port::Timer> SimExecutor::make_timer(port::Closure on_fire) {
  return std::make_unique<SimTimer>(*this, std::move(on_fire));
}

void SimExecutor::run_blocking(unsigned lane, port::Closure job, port::Closure done) {
  const base::Duration cost =
      latency_ ? latency_(lane) : base::Duration::microseconds(prng_.between(50, 500));
  base::Instant& free = lane_free_[lane];
  free = std::max(free, scheduler_.now()) + cost;
  scheduler_.schedule(free, owner_, [this, job = std::move(job), done = std::move(done)]() mutable {
    job();
    // The completion travels separately: a crash may fall between.
    scheduler_.schedule(scheduler_.now() + base::Duration::microseconds(prng_.between(1, 20)),
                        owner_, std::move(done), "job done");
  });
}

}  // namespace ostraka::sim_ports
