// Lamport's logical clock: if a happened before b, then time(a) < time(b); not the other way round.
// With the place of the process behind it, a total order that no two events share.
//
// Source: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978: IR1
// and IR2, and the relation "=>". Threads: a value; none.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace ostraka::protocol::clock {

// Compared by time, then by process: the total order.
struct LamportStamp {
  std::uint64_t time = 0;
  std::uint64_t process = 0;
  friend auto operator<=>(const LamportStamp&, const LamportStamp&) = default;
};

class LamportClock {
 public:
  LamportClock() = default;
  explicit LamportClock(std::uint64_t start) : time_(start) {}
  // The time of an event of this process: a local one, or the sending of a message.
  std::uint64_t tick() { return ++time_; }
  // The time of the reception of a message that carries `sent`.
  std::uint64_t receive(std::uint64_t sent) {
    time_ = std::max(time_, sent) + 1;
    return time_;
  }
  [[nodiscard]] std::uint64_t now() const { return time_; }

 private:
  std::uint64_t time_ = 0;
};

}  // namespace ostraka::protocol::clock
