#include "net/internal/timer_heap.h"

#include "base/assert.h"

#include <utility>

namespace ostraka::net::internal {
namespace {

constexpr std::size_t kNotArmed = static_cast<std::size_t>(-1);

}  // namespace

class HeapTimer final : public port::Timer {
 public:
  HeapTimer(TimerHeap& heap, port::Closure on_fire) : heap_(heap), on_fire_(std::move(on_fire)) {}
  ~HeapTimer() override { heap_.forget(*this); }
  void arm(base::Instant deadline) override { heap_.arm(*this, deadline); }
  void disarm() override { heap_.disarm(*this); }

 private:
  friend class TimerHeap;
  [[nodiscard]] bool before(const HeapTimer& other) const {
    return deadline_ != other.deadline_ ? deadline_ < other.deadline_ : sequence_ < other.sequence_;
  }
  TimerHeap& heap_;
  port::Closure on_fire_;
  base::Instant deadline_;
  std::uint64_t sequence_ = 0;
  std::size_t slot_ = kNotArmed;
};

TimerHeap::~TimerHeap() { OSTRAKA_ASSERT(timers_ == 0, "a timer outlives its reactor"); }

std::unique_ptr<port::Timer> TimerHeap::make(port::Closure on_fire) {
  ++timers_;
  return std::make_unique<HeapTimer>(*this, std::move(on_fire));
}

base::Instant TimerHeap::next_deadline() const {
  return heap_.empty() ? base::Instant::never() : heap_.front()->deadline_;
}

void TimerHeap::fire_due(base::Instant now) {
  const std::uint64_t armed_before = sequence_;
  while (!heap_.empty()) {
    HeapTimer* timer = heap_.front();
    if (timer->deadline_ > now || timer->sequence_ > armed_before) {
      return;
    }
    disarm(*timer);
    // The callback may destroy its own timer, and with it the closure: it runs from here.
    port::Closure on_fire = std::move(timer->on_fire_);
    firing_ = timer;
    on_fire();
    if (firing_ == timer) {
      timer->on_fire_ = std::move(on_fire);
    }
    firing_ = nullptr;
  }
}

void TimerHeap::arm(HeapTimer& timer, base::Instant deadline) {
  if (deadline == base::Instant::never()) {
    disarm(timer);
    return;
  }
  timer.deadline_ = deadline;
  timer.sequence_ = ++sequence_;
  if (timer.slot_ == kNotArmed) {
    heap_.push_back(&timer);
    timer.slot_ = heap_.size() - 1;
  }
  sift_down(timer.slot_);
  sift_up(timer.slot_);
}

void TimerHeap::disarm(HeapTimer& timer) {
  const std::size_t slot = timer.slot_;
  if (slot == kNotArmed) {
    return;
  }
  timer.slot_ = kNotArmed;
  HeapTimer* last = heap_.back();
  heap_.pop_back();
  if (last != &timer) {
    place(slot, last);
    sift_down(slot);
    sift_up(last->slot_);
  }
}

void TimerHeap::forget(HeapTimer& timer) {
  disarm(timer);
  if (firing_ == &timer) {
    firing_ = nullptr;
  }
  --timers_;
}

void TimerHeap::place(std::size_t slot, HeapTimer* timer) {
  heap_[slot] = timer;
  timer->slot_ = slot;
}

void TimerHeap::sift_up(std::size_t slot) {
  HeapTimer* timer = heap_[slot];
  while (slot > 0) {
    const std::size_t parent = (slot - 1) / 2;
    if (!timer->before(*heap_[parent])) {
      break;
    }
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, timer);
}

void TimerHeap::sift_down(std::size_t slot) {
  HeapTimer* timer = heap_[slot];
  for (std::size_t child = 2 * slot + 1; child < heap_.size(); child = 2 * slot + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1]->before(*heap_[child])) {
      ++child;
    }
    if (!heap_[child]->before(*timer)) {
      break;
    }
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, timer);
}

}  // namespace ostraka::net::internal
