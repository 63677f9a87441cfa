#include "bench/internal/pacer.h"

namespace ostraka::bench::internal {

Pacer::Pacer(std::vector<RateStage> stages, std::uint64_t start, std::uint64_t backlog)
    : stages_(std::move(stages)), backlog_(backlog), stage_start_(start) {
  find_due();
}

void Pacer::take() {
  ++taken_;
  find_due();
}

std::uint64_t Pacer::give_up(std::uint64_t now) {
  return now > backlog_ ? give_up_all(now - backlog_) : 0;
}

std::uint64_t Pacer::give_up_all(std::uint64_t now) {
  std::uint64_t count = 0;
  for (; due_ < now; take()) {
    ++count;
  }
  return count;
}

void Pacer::find_due() {
  while (stage_ < stages_.size()) {
    const RateStage& stage = stages_[stage_];
    const bool is_last = stage_ + 1 == stages_.size();
    const double offset = static_cast<double>(taken_) / stage.rate;  // seconds
    if (is_last || offset < stage.seconds) {
      due_ = stage_start_ + static_cast<std::uint64_t>(offset * 1e9);
      return;
    }
    stage_start_ += static_cast<std::uint64_t>(stage.seconds * 1e9);
    taken_ = 0;
    ++stage_;
  }
}

}  // namespace ostraka::bench::internal
