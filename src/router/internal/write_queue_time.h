// Whether writes wait so long that one more is better refused: bounds the time in the queue, where
// the other bounds count bytes and calls.
//
// A new write is expected to wait as long as the oldest unanswered one has, times how many more (or
// fewer) are in front of it. The time that an answer takes without a queue, on a far link or a slow
// disk, is no queue: the shortest wait of the last 5 to 10 s is taken off. It is learnt from writes
// that came while few were in flight, so that a standing queue never passes for a slow link.
// Few writes in flight are never too many, however long they wait: who does not flood is not
// refused because a disk or a leader stands still for a moment.
// Threads: one reactor.
#pragma once

#include "base/time.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ostraka::router {

// Of one write: when it came, and how many were in flight then.
struct Arrival {
  base::Instant at;
  std::uint32_t in_flight = 0;
};

class WriteQueueTime {
 public:
  WriteQueueTime(std::size_t calls_min, base::Duration time_max)
      : calls_min_(calls_min), time_max_(time_max) {}

  // The write that came then was answered now.
  void on_answer(const Arrival& arrival, base::Instant now) {
    if (arrival.in_flight >= calls_min_) {
      return;
    }
    const base::Duration wait = now - arrival.at;
    if (!known_ || now - began_ >= kHalfWindow) {
      before_ = known_ && now - began_ < kHalfWindow * 2 ? current_ : wait;
      current_ = wait;
      began_ = now;
      known_ = true;
    }
    current_ = std::min(current_, wait);
  }

  // `oldest`: of those in flight.
  [[nodiscard]] bool is_too_long(const Arrival& oldest, std::size_t in_flight,
                                 base::Instant now) const {
    if (in_flight < calls_min_) {
      return false;
    }
    const base::Duration queued = now - oldest.at - std::min(before_, current_);
    const auto before_oldest = std::max<std::size_t>(oldest.in_flight, calls_min_);
    return queued.as_microseconds() * static_cast<std::int64_t>(in_flight) >
           time_max_.as_microseconds() * static_cast<std::int64_t>(before_oldest);
  }

 private:
  static constexpr base::Duration kHalfWindow = base::Duration::seconds(5);

  std::size_t calls_min_;
  base::Duration time_max_;
  // The shortest waits of two halves of the window. Old ones stay until there is a new one.
  base::Duration before_;
  base::Duration current_;
  base::Instant began_;  // of the current half
  bool known_ = false;
};

}  // namespace ostraka::router
