// The timers of a reactor: a binary heap in which each timer knows its place, so that arming again
// costs O(log n) and allocates nothing. Equal deadlines fire in the order of arming.
//
// Threads: the reactor's. The heap outlives its timers.
#pragma once

#include "base/time.h"
#include "port/executor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ostraka::net::internal {

class HeapTimer;

class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap();

  [[nodiscard]] std::unique_ptr<port::Timer> make(port::Closure on_fire);
  // Instant::never() when nothing is armed.
  [[nodiscard]] base::Instant next_deadline() const;
  // Fires what was due at `now` when the call began; what is armed meanwhile waits for the next
  // call.
  void fire_due(base::Instant now);

 private:
  friend class HeapTimer;
  void arm(HeapTimer& timer, base::Instant deadline);
  void disarm(HeapTimer& timer);
  void forget(HeapTimer& timer);
  void place(std::size_t slot, HeapTimer* timer);
  void sift_up(std::size_t slot);
  void sift_down(std::size_t slot);

  std::vector<HeapTimer*> heap_;
  HeapTimer* firing_ = nullptr;  // null again when the timer is destroyed by its own callback
  std::uint64_t sequence_ = 0;
  std::size_t timers_ = 0;
};

}  // namespace ostraka::net::internal
