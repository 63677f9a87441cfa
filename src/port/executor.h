// One reactor: an event loop on one thread, its clock, its timers, and a small pool for work that
// blocks.
//
// Threads: every method is called on the reactor's own thread, except post_remote. Callbacks run on
// the reactor's thread. A simulated crash destroys the executor: pending callbacks are destroyed
// without being called.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "port/file_system.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace ostraka::port {

using Closure = std::move_only_function<void()>;

// A timer that its owner embeds and arms again and again without allocating. Destroying it disarms
// it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;
  // Replaces the earlier deadline. Instant::never() disarms.
  virtual void arm(base::Instant deadline) = 0;
  virtual void disarm() = 0;
};

// A write for Executor::write_durably, and what became of it.
struct DurableWrite {
  File* file = nullptr;
  std::uint64_t offset = 0;
  std::span<const base::ByteView> pieces;
  base::Status status;  // when it is done
};

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  // Monotonic time, sampled at the call.
  [[nodiscard]] virtual base::Instant now() = 0;
  [[nodiscard]] virtual base::WallTime wall_now() = 0;

  // Runs `closure` later in this turn or the next, after everything posted before.
  virtual void post(Closure closure) = 0;
  // Runs `closure` at the end of the current turn, after the I/O events that are ready now were
  // handled: the place where batches are formed (one append, one write to a socket for all that the
  // turn brought).
  virtual void post_end_of_turn(Closure closure) = 0;
  // As post, from any thread.
  virtual void post_remote(Closure closure) = 0;

  // A disarmed timer that calls `on_fire` each time an armed deadline passes.
  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer(Closure on_fire) = 0;

  // Runs `job` on a pool thread (it may block: file writes, fdatasync, ingest), then `done` on the
  // reactor. Jobs of one `lane` run one after the other in order; lanes run in parallel.
  // `done` is destroyed after the job, called or not, so what it holds lives as long as the job.
  virtual void run_blocking(unsigned lane, Closure job, Closure done) = 0;

  // As File::write_durably_at, without blocking the reactor; then `done` on it. What `write` refers
  // to lives as long as `done`, which is destroyed after the write, called or not. A lane with
  // writes has nothing else, and one write at a time: an executor may do them without its thread.
  virtual void write_durably(unsigned lane, DurableWrite& write, Closure done);
};

}  // namespace ostraka::port
