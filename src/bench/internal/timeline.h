// What was answered in each second of a run. Pure: time comes in, in nanoseconds since the start of
// what is measured, and never goes back. Threads: none.
#pragma once

#include "base/histogram.h"
#include "bench/load.h"

#include <cstdint>
#include <vector>

namespace ostraka::bench::internal {

class Timeline {
 public:
  void acknowledged(std::uint64_t at, std::uint64_t latency);
  void busy(std::uint64_t at) { ++second(at).busy; }
  void error(std::uint64_t at) { ++second(at).errors; }
  // Every second up to the last in which something was answered; at most a day.
  [[nodiscard]] std::vector<SecondReport> finish();

 private:
  SecondReport& second(std::uint64_t at);
  void close();

  std::vector<SecondReport> seconds_;
  base::Histogram latency_;  // of the last of them
};

}  // namespace ostraka::bench::internal
