// Time as values. Nothing in layers 0, 1, 3 and 4 asks a clock: an Instant comes in with the event.
//
// Instant  = monotonic time of one node, nanoseconds since an arbitrary origin; for durations,
// leases, time-outs.
// WallTime = milliseconds since 1970-01-01 UTC as a node's wall clock says; never used to order
// events.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace ostraka::base {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration nanoseconds(std::int64_t n) { return Duration(n); }
  static constexpr Duration microseconds(std::int64_t n) { return Duration(n * 1'000); }
  static constexpr Duration milliseconds(std::int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration seconds(std::int64_t n) { return Duration(n * 1'000'000'000); }
  [[nodiscard]] constexpr std::int64_t as_nanoseconds() const { return ns_; }
  [[nodiscard]] constexpr std::int64_t as_microseconds() const { return ns_ / 1'000; }
  [[nodiscard]] constexpr std::int64_t as_milliseconds() const { return ns_ / 1'000'000; }
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.ns_ + b.ns_); }
  friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.ns_ - b.ns_); }
  friend constexpr Duration operator*(Duration a, std::int64_t k) { return Duration(a.ns_ * k); }
  friend constexpr Duration operator/(Duration a, std::int64_t k) { return Duration(a.ns_ / k); }
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;

 private:
  constexpr explicit Duration(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_nanoseconds(std::int64_t ns) { return Instant(ns); }
  // Later than every real instant: a timer armed for it is disarmed.
  static constexpr Instant never() { return Instant(std::numeric_limits<std::int64_t>::max()); }
  [[nodiscard]] constexpr std::int64_t as_nanoseconds() const { return ns_; }
  friend constexpr Instant operator+(Instant t, Duration d) {
    return Instant(t.ns_ + d.as_nanoseconds());
  }
  friend constexpr Instant operator-(Instant t, Duration d) {
    return Instant(t.ns_ - d.as_nanoseconds());
  }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return Duration::nanoseconds(a.ns_ - b.ns_);
  }
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;

 private:
  constexpr explicit Instant(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

class WallTime {
 public:
  constexpr WallTime() = default;
  static constexpr WallTime from_milliseconds(std::int64_t ms) { return WallTime(ms); }
  [[nodiscard]] constexpr std::int64_t as_milliseconds() const { return ms_; }
  friend constexpr auto operator<=>(const WallTime&, const WallTime&) = default;

 private:
  constexpr explicit WallTime(std::int64_t ms) : ms_(ms) {}
  std::int64_t ms_ = 0;
};

}  // namespace ostraka::base
