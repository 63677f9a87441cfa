// Hybrid logical clock: stamps that follow cause and effect like Lamport's, and stay near the wall
// clock. The physical part is the highest wall time heard of; the logical part orders within it.
//
// A stamp whose physical part is ahead of the own wall clock by more than `ahead_max` is refused
// and not merged: one wrong clock must not carry everybody away. The value last stamped, or a
// bound above it, must survive a restart (`at_least`), else stamps go back when this node's wall
// clock is behind what it had heard of.
//
// Source: Kulkarni, Demirbas, Madappa, Avva, Leone, "Logical Physical Clocks and Consistent
// Snapshots in Globally Distributed Databases", 2014, figure 5. Units: milliseconds.
// Threads: a value; none.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <compare>
#include <cstdint>

namespace ostraka::protocol::clock {

struct HybridStamp {
  std::int64_t physical_ms = 0;
  std::uint32_t logical = 0;
  friend auto operator<=>(const HybridStamp&, const HybridStamp&) = default;
};

class HybridClock {
 public:
  explicit HybridClock(base::Duration ahead_max, HybridStamp at_least = {})
      : ahead_max_(ahead_max), last_(at_least) {}

  // Stamp of a local event or of a message to be sent; higher than all before it.
  HybridStamp tick(base::WallTime wall);
  // Stamp of the reception of a message; higher than `received` and than all before it.
  // invalid_argument, and nothing changes, if `received` is beyond the bound.
  base::Result<HybridStamp> receive(HybridStamp received, base::WallTime wall);
  [[nodiscard]] HybridStamp last() const { return last_; }

 private:
  base::Duration ahead_max_;
  HybridStamp last_;
};

}  // namespace ostraka::protocol::clock
