// How far a peer's clock is from one's own, and what to do about it: the arithmetic of NTP.
//
// The client reads t1 as it asks, the server t2 as it is asked and t3 as it answers, the client t4
// as it has the answer. With d1 the way there and d2 the way back, offset = true offset +
// (d1 - d2) / 2: right if both take equally long, and never wrong by more than delay / 2.
//
// Source: RFC 5905, section 8 (offset and delay), 10 (clock filter), 11.2.1 (intersection), 11.3
// (thresholds of step and panic). Units: nanoseconds within Duration; readings are Instants of
// whatever clocks are compared. Threads: values; none. Bounds: eight samples; the intersection
// takes as many as are given.
#pragma once

#include "base/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ostraka::protocol::clock {

struct OffsetSample {
  base::Duration offset;  // the peer's clock minus one's own
  base::Duration delay;   // of the network, there and back
  [[nodiscard]] base::Duration error() const { return delay / 2; }
};

struct FourReadings {
  base::Instant asked;       // t1, own clock
  base::Instant was_asked;   // t2, the peer's
  base::Instant answers;     // t3, the peer's
  base::Instant has_answer;  // t4, own
};

// Nothing if no clock running forward reads like this: the delay would be below zero.
[[nodiscard]] std::optional<OffsetSample> sample_of(const FourReadings& readings);

// The clock filter: of the last samples of one peer, the one with the least delay. Waiting in
// queues lengthens one way, so the shortest round trip has the smallest error.
class OffsetEstimator {
 public:
  static constexpr std::size_t kSamples = 8;
  void add(OffsetSample sample);
  [[nodiscard]] std::optional<OffsetSample> best() const;
  // After a correction of one's own clock: what was measured before does not compare.
  void clear() { count_ = 0; }

 private:
  std::array<OffsetSample, kSamples> samples_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

// The range of offsets that more than half of the peers allow, each within its error; its middle
// as offset, its width as delay. Nothing if no majority agrees: falsetickers are then not told.
[[nodiscard]] std::optional<OffsetSample> agreement_of(std::span<const OffsetSample> peers);

enum class Correction : std::uint8_t {
  slew,   // run a little faster or slower until it is gone
  step,   // jump
  panic,  // too much to believe: leave the clock, call the operator
};

struct CorrectionLimits {
  base::Duration step_above = base::Duration::milliseconds(125);
  base::Duration panic_above = base::Duration::seconds(1000);
};

[[nodiscard]] Correction correction_for(base::Duration offset, const CorrectionLimits& limits);

}  // namespace ostraka::protocol::clock
