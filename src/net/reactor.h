// The real port::Executor: one event loop on one thread, on epoll.
//
// A turn is: wait for I/O (one epoll_pwait2), handle what is ready, durable writes that have ended,
// closures from other threads, due timers, posted closures, end-of-turn closures (repeated until
// none is left, up to a bound), then one write to each socket that has output. What is posted
// during the turn runs in the next one.
//
// Threads: the thread that calls run() owns the reactor; before and after run() any one thread may.
// Only post_remote() and stop() are for every thread. Destroying the reactor waits for running
// blocking jobs and for durable writes, then drops every pending closure uncalled. Timers and the
// network must be gone.
#pragma once

#include "base/time.h"
#include "net/internal/blocking_pool.h"
#include "net/internal/poller.h"
#include "net/internal/signal_hook.h"
#include "net/internal/timer_heap.h"
#include "port/executor.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ostraka::net {

namespace internal {

class FileRing;

// Something with output that leaves at the end of the turn.
class TurnOutput {
 public:
  TurnOutput() = default;
  TurnOutput(const TurnOutput&) = delete;
  TurnOutput& operator=(const TurnOutput&) = delete;
  virtual ~TurnOutput() = default;
  virtual void flush() = 0;
};

}  // namespace internal

struct ReactorStats {
  std::uint64_t turns = 0;
  std::uint64_t slow_turns = 0;  // longer than ReactorOptions::slow_turn
  base::Duration longest_turn;
  base::Duration busy;            // sum of all turns without their waiting
  std::uint64_t ring_writes = 0;  // durable writes without a thread
};

struct ReactorOptions {
  base::Duration slow_turn = base::Duration::milliseconds(1);
};

class Reactor final : public port::Executor {
 public:
  explicit Reactor(ReactorOptions options = {});
  ~Reactor() override;

  [[nodiscard]] base::Instant now() override;
  [[nodiscard]] base::WallTime wall_now() override;
  void post(port::Closure closure) override;
  void post_end_of_turn(port::Closure closure) override;
  void post_remote(port::Closure closure) override;
  [[nodiscard]] std::unique_ptr<port::Timer> make_timer(port::Closure on_fire) override;
  // `lane` < 64; lane 63 is used by the network for host names.
  void run_blocking(unsigned lane, port::Closure job, port::Closure done) override;
  // By io_uring after open_ring(), if the file and the kernel take it; else on the lane's thread.
  void write_durably(unsigned lane, port::DurableWrite& write, port::Closure done) override;
  // Errors: unsupported, with the system's reason; all goes on with threads then.
  [[nodiscard]] base::Status open_ring();

  // Turns until stop().
  void run();
  // Turns until `done` returns true (asked after each turn) or `limit` has passed; returns the last
  // answer of `done`.
  bool run_until(const std::function<bool()>& done, base::Duration limit);
  // Any thread, also a signal-free moment of another reactor: run() returns after the current turn.
  void stop();

  // From now on SIGINT and SIGTERM of the process call `on_signal` in a turn of this reactor. One
  // reactor of a process may do so.
  void on_termination(std::move_only_function<void(int signal)> on_signal);

  [[nodiscard]] const ReactorStats& stats() const { return stats_; }

  // For the sockets of this module.
  [[nodiscard]] internal::Poller& poller() { return poller_; }
  // Calls output.flush() once at the end of this turn.
  void flush_at_end(internal::TurnOutput& output);
  void cancel_flush(internal::TurnOutput& output);
  // Calls handler.on_resumed() once in the next turn.
  void resume_next_turn(internal::PollHandler& handler);
  void cancel_resume(internal::PollHandler& handler);
  // Destroys the object at the end of the turn, when nothing on the stack can use it any more.
  void retire(std::unique_ptr<internal::PollHandler> object);

 private:
  void turn(base::Instant wake_at);
  [[nodiscard]] base::Duration wait_limit(base::Instant wake_at);
  void run_remote();
  void run_resumed();
  void run_ended_writes();
  void run_posted();
  void end_turn();
  void assert_owner() const;

  ReactorOptions options_;
  internal::Poller poller_;
  internal::TimerHeap timers_;
  std::vector<port::Closure> posted_;
  std::vector<port::Closure> end_of_turn_;
  std::vector<port::Closure> scratch_;           // what runs now; capacity is kept
  std::vector<internal::TurnOutput*> outputs_;   // null: cancelled
  std::vector<internal::PollHandler*> resumed_;  // null: cancelled
  std::vector<std::unique_ptr<internal::PollHandler>> retired_;
  std::mutex remote_mutex_;
  std::vector<port::Closure> remote_;  // guarded by remote_mutex_
  std::atomic<bool> remote_pending_ = false;
  std::atomic<bool> sleeping_ = false;
  std::atomic<bool> stop_ = false;
  std::thread::id owner_;  // none: not running
  std::unique_ptr<internal::SignalHook> signals_;
  ReactorStats stats_;
  std::unique_ptr<internal::FileRing> ring_;  // null: not opened
  internal::BlockingPool pool_;               // last: its threads end before the queues go
};

}  // namespace ostraka::net
