// A deterministic executor: everything runs on the caller's thread inside run(), in order.
#pragma once

#include "port/executor.h"

#include <deque>
#include <list>
#include <memory>
#include <mutex>

namespace ostraka::engine_test {

class StepExecutor final : public port::Executor {
 public:
  [[nodiscard]] base::Instant now() override { return now_; }
  [[nodiscard]] base::WallTime wall_now() override { return {}; }
  void post(port::Closure closure) override { post_remote(std::move(closure)); }
  void post_end_of_turn(port::Closure closure) override { post(std::move(closure)); }
  void post_remote(port::Closure closure) override {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(closure));
  }
  [[nodiscard]] std::unique_ptr<port::Timer> make_timer(port::Closure on_fire) override {
    return std::make_unique<StepTimer>(*this, std::move(on_fire));
  }
  void run_blocking(unsigned /*lane*/, port::Closure job, port::Closure done) override {
    post([this, job = std::move(job), done = std::move(done)]() mutable {
      job();
      post(std::move(done));
    });
  }

  // Until nothing is left that is due now.
  void run() {
    while (step()) {
    }
  }
  // One closure; false when there is none.
  bool step() {
    port::Closure next;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.empty()) {
        return false;
      }
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
    return true;
  }
  void advance(base::Duration by) {
    fire(by);
    run();
  }
  // Moves the time, then runs one closure only.
  void advance_once(base::Duration by) {
    fire(by);
    step();
  }

 private:
  class StepTimer final : public port::Timer {
   public:
    StepTimer(StepExecutor& executor, port::Closure on_fire)
        : executor_(executor), on_fire_(std::move(on_fire)) {
      executor_.timers_.push_back(this);
    }
    ~StepTimer() override { executor_.timers_.remove(this); }
    void arm(base::Instant deadline) override { deadline_ = deadline; }
    void disarm() override { deadline_ = base::Instant::never(); }
    void check() {
      if (deadline_ <= executor_.now_) {
        disarm();
        on_fire_();
      }
    }

   private:
    StepExecutor& executor_;
    port::Closure on_fire_;
    base::Instant deadline_ = base::Instant::never();
  };

  void fire(base::Duration by) {
    now_ = now_ + by;
    for (StepTimer* timer : std::list<StepTimer*>(timers_)) {
      timer->check();
    }
  }

  std::mutex mutex_;
  std::deque<port::Closure> queue_;
  std::list<StepTimer*> timers_;
  base::Instant now_;
};

}  // namespace ostraka::engine_test
