// When the requests of an open loop are due, and how many wait unsent. Pure: time comes in.
// Units: nanoseconds. Threads: none.
#pragma once

#include "bench/load.h"

#include <cstdint>
#include <vector>

namespace ostraka::bench::internal {

class Pacer {
 public:
  // The last stage goes on for ever. Without stages nothing is ever due. What has waited for longer
  // than `backlog` is given up.
  Pacer(std::vector<RateStage> stages, std::uint64_t start, std::uint64_t backlog);

  // Of the next request; UINT64_MAX: never.
  [[nodiscard]] std::uint64_t due() const { return due_; }
  // The next request was sent.
  void take();
  // Gives up what has waited too long at `now`; returns how many.
  std::uint64_t give_up(std::uint64_t now);
  // Gives up everything that was due by `now`.
  std::uint64_t give_up_all(std::uint64_t now);

 private:
  void find_due();

  std::vector<RateStage> stages_;
  std::uint64_t backlog_;
  std::size_t stage_ = 0;
  std::uint64_t stage_start_;
  std::uint64_t taken_ = 0;  // of the stage
  std::uint64_t due_ = UINT64_MAX;
};

}  // namespace ostraka::bench::internal
