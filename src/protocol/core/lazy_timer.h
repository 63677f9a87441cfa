// A timer of the driver that is moved only when it stands too late: when it fires too early its
// owner looks, and arms it again. So putting a deadline off, as every heartbeat does, costs no
// request.
//
// A value; no threads. The deadline itself is the owner's.
#pragma once

#include "base/time.h"
#include "protocol/core/effects.h"
#include "protocol/core/event.h"

namespace ostraka::protocol {

class LazyTimer {
 public:
  explicit LazyTimer(TimerId id) : id_(id) {}

  // Fires at `deadline` at the latest; never = no matter when.
  void arm(base::Instant deadline, Effects& out) {
    if (deadline < armed_) {
      armed_ = deadline;
      out.timers.push_back({id_, deadline});
    }
  }
  // First thing when it fires.
  void fired() { armed_ = base::Instant::never(); }

 private:
  TimerId id_;
  base::Instant armed_ = base::Instant::never();
};

}  // namespace ostraka::protocol
