// The log time of a shard: max(previous, leader's wall clock), never faster than the monotonic
// clock plus a bound.
//
// Anchored at a log time that was seen at a monotonic instant: from a former leader's entries, or
// from a quorum's clocks. A wall clock that is further ahead of the anchor than `step_max` is not
// followed until a quorum's clocks agree (confirm()). After a restart there is no anchor: the time
// that passed is unknown. Threads: none.
#pragma once

#include "base/time.h"

#include <span>

namespace ostraka::replica {

// Both clocks of this node, sampled together.
struct ClockSample {
  base::Instant now;
  base::WallTime wall;
};

class LogClock {
 public:
  explicit LogClock(base::Duration step_max) : step_max_(step_max) {}

  // The log time of the recovered state.
  void recover(base::WallTime log_time) { last_ = log_time; }
  // An entry of another leader with this log time was applied.
  void observe(base::WallTime log_time, base::Instant now);
  // A quorum's clocks show at least `wall`.
  void confirm(base::WallTime wall, base::Instant now);
  // For an entry that is proposed now; never falls.
  [[nodiscard]] base::WallTime next(const ClockSample& sample);
  // What next() would give, near enough, on any replica.
  [[nodiscard]] base::WallTime estimate(const ClockSample& sample) const;
  // This replica begins to lead.
  void begin_leadership() { confirmed_ = false; }
  // Commands may be stamped: no large step of the log time is to be expected. A step between a
  // session's commands would end the session as if it had been idle.
  [[nodiscard]] bool is_ready(const ClockSample& sample) const {
    return confirmed_ || !wants_quorum(sample);
  }
  // A quorum should be asked: the wall clock is (nearly) too far ahead to be followed.
  [[nodiscard]] bool wants_quorum(const ClockSample& sample) const;

 private:
  // The anchor, moved on by the monotonic clock.
  [[nodiscard]] base::WallTime projected(base::Instant now) const;

  base::Duration step_max_;
  base::WallTime last_;
  bool anchored_ = false;
  bool confirmed_ = false;  // by a quorum, under this leadership
  base::WallTime anchor_;
  base::Instant anchored_at_;
};

// The latest time that a majority of `clocks` has reached; sorts them. Requires at least one.
[[nodiscard]] base::WallTime majority_time(std::span<base::WallTime> clocks);

}  // namespace ostraka::replica
