#include "net/reactor.h"

#include "base/assert.h"
#include "net/internal/file_ring.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace ostraka::net {
namespace {

// An end-of-turn closure may ask for another end of the same turn; beyond this many rounds the rest
// waits for the next turn, so that I/O is not starved.
constexpr int kEndOfTurnRoundsMax = 8;

std::int64_t read_clock(clockid_t clock) {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Reactor::Reactor(ReactorOptions options) : options_(options) {}

Reactor::~Reactor() {
  signals_.reset();
  pool_.shut_down();
  ring_.reset();
  // Closures may own streams and timers: they go while everything else is still there.
  posted_.clear();
  end_of_turn_.clear();
  remote_.clear();
  retired_.clear();
}

base::Instant Reactor::now() {
  return base::Instant::from_nanoseconds(read_clock(CLOCK_MONOTONIC));
}

base::WallTime Reactor::wall_now() {
  return base::WallTime::from_milliseconds(read_clock(CLOCK_REALTIME) / 1'000'000);
}

void Reactor::assert_owner() const {
  OSTRAKA_ASSERT(owner_ == std::thread::id() || owner_ == std::this_thread::get_id(),
                 "the reactor was used from another thread");
}

void Reactor::post(port::Closure closure) {
  assert_owner();
  posted_.push_back(std::move(closure));
}

void Reactor::post_end_of_turn(port::Closure closure) {
  assert_owner();
  end_of_turn_.push_back(std::move(closure));
}

void Reactor::post_remote(port::Closure closure) {
  {
    const std::lock_guard lock(remote_mutex_);
    remote_.push_back(std::move(closure));
  }
  // Either the loop sees the flag before it sleeps, or this sees that it sleeps (both are
  // sequentially consistent).
  remote_pending_.store(true);
  if (sleeping_.exchange(false)) {
    poller_.wake();
  }
}

std::unique_ptr<port::Timer> Reactor::make_timer(port::Closure on_fire) {
  assert_owner();
  return timers_.make(std::move(on_fire));
}

void Reactor::run_blocking(unsigned lane, port::Closure job, port::Closure done) {
  assert_owner();
  OSTRAKA_ASSERT(ring_ == nullptr || !ring_->is_busy(lane), "a lane with writes has nothing else");
  pool_.submit(lane, [this, run = std::move(job), then = std::move(done)]() mutable {
    run();
    run = {};
    post_remote(std::move(then));
  });
}

base::Status Reactor::open_ring() {
  assert_owner();
  OSTRAKA_ASSIGN(ring_, internal::FileRing::open(poller_));
  return {};
}

void Reactor::write_durably(unsigned lane, port::DurableWrite& write, port::Closure done) {
  assert_owner();
  if (ring_ != nullptr && ring_->submit(lane, write, done)) {
    ++stats_.ring_writes;
  } else {
    Executor::write_durably(lane, write, std::move(done));
  }
}

void Reactor::run() {
  owner_ = std::this_thread::get_id();
  while (!stop_.load(std::memory_order_relaxed)) {
    turn(base::Instant::never());
  }
  stop_ = false;
  owner_ = std::thread::id();
}

bool Reactor::run_until(const std::function<bool()>& done, base::Duration limit) {
  const base::Instant end = now() + limit;
  bool is_done = done();
  while (!is_done && now() < end) {
    turn(end);
    is_done = done();
  }
  return is_done;
}

void Reactor::stop() {
  stop_ = true;
  poller_.wake();
}

void Reactor::on_termination(std::move_only_function<void(int)> on_signal) {
  signals_ = std::make_unique<internal::SignalHook>(poller_, std::move(on_signal));
}

void Reactor::flush_at_end(internal::TurnOutput& output) { outputs_.push_back(&output); }

void Reactor::cancel_flush(internal::TurnOutput& output) {
  std::ranges::replace(outputs_, &output, static_cast<internal::TurnOutput*>(nullptr));
}

void Reactor::resume_next_turn(internal::PollHandler& handler) { resumed_.push_back(&handler); }

void Reactor::cancel_resume(internal::PollHandler& handler) {
  std::ranges::replace(resumed_, &handler, static_cast<internal::PollHandler*>(nullptr));
}

void Reactor::retire(std::unique_ptr<internal::PollHandler> object) {
  retired_.push_back(std::move(object));
}

base::Duration Reactor::wait_limit(base::Instant wake_at) {
  if (!posted_.empty() || !end_of_turn_.empty() || !outputs_.empty() || !retired_.empty() ||
      !resumed_.empty() || remote_pending_.load()) {
    return {};
  }
  const base::Instant next = std::min(wake_at, timers_.next_deadline());
  if (next == base::Instant::never()) {
    return base::Duration::nanoseconds(-1);
  }
  return std::max(next - now(), base::Duration());
}

void Reactor::turn(base::Instant wake_at) {
  sleeping_.store(true);
  poller_.wait(wait_limit(wake_at));
  sleeping_.store(false);
  const base::Instant start = now();
  poller_.dispatch();
  run_resumed();
  run_ended_writes();
  run_remote();
  timers_.fire_due(start);
  run_posted();
  end_turn();
  const base::Duration took = now() - start;
  ++stats_.turns;
  stats_.slow_turns += took > options_.slow_turn ? 1U : 0U;
  stats_.longest_turn = std::max(stats_.longest_turn, took);
  stats_.busy = stats_.busy + took;
}

void Reactor::run_resumed() {
  const std::size_t count = resumed_.size();  // what is added meanwhile waits for the next turn
  for (std::size_t i = 0; i < count; ++i) {
    if (internal::PollHandler* handler = resumed_[i]; handler != nullptr) {
      resumed_[i] = nullptr;
      handler->on_resumed();
    }
  }
  resumed_.erase(resumed_.begin(), resumed_.begin() + static_cast<std::ptrdiff_t>(count));
}

// Whether or not the poller has told: the kernel tells of a write's end by interrupting the wait,
// and another one only to hear of it would cost a system call a write.
void Reactor::run_ended_writes() {
  if (ring_ == nullptr) {
    return;
  }
  for (unsigned left = ring_->ended(); left > 0; --left) {
    internal::FileRing::Ended ended = ring_->take_ended();
    if (ended.has_status) {
      ended.done();
    } else {
      Executor::write_durably(ended.lane, *ended.write, std::move(ended.done));
    }
  }
}

void Reactor::run_remote() {
  if (!remote_pending_.exchange(false)) {
    return;
  }
  {
    const std::lock_guard lock(remote_mutex_);
    scratch_.swap(remote_);
  }
  for (port::Closure& closure : scratch_) {
    closure();
  }
  scratch_.clear();
}

void Reactor::run_posted() {
  if (posted_.empty()) {
    return;
  }
  scratch_.swap(posted_);
  for (port::Closure& closure : scratch_) {
    closure();
  }
  scratch_.clear();
}

void Reactor::end_turn() {
  for (int round = 0; round < kEndOfTurnRoundsMax && !end_of_turn_.empty(); ++round) {
    scratch_.swap(end_of_turn_);
    for (port::Closure& closure : scratch_) {
      closure();
    }
    scratch_.clear();
  }
  // By index: a broken stream tells its handler, which may write to other streams.
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (internal::TurnOutput* output = outputs_[i]; output != nullptr) {
      outputs_[i] = nullptr;
      output->flush();
    }
  }
  outputs_.clear();
  retired_.clear();
}

}  // namespace ostraka::net
