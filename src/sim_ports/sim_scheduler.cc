#include "sim_ports/sim_scheduler.h"

#include "base/assert.h"

#include <utility>

namespace ostraka::sim_ports {

OwnerId SimScheduler::new_owner() {
  owners_.emplace_back();
  return OwnerId{owners_.size() - 1};
}

void SimScheduler::kill(OwnerId owner) {
  OSTRAKA_ASSERT(!owner.is_none(), "the world does not die");
  owners_.at(owner.value()).alive = false;
}

bool SimScheduler::is_alive(OwnerId owner) const { return owners_.at(owner.value()).alive; }

void SimScheduler::pause(OwnerId owner, base::Instant until) {
  owners_.at(owner.value()).paused_until = until;
}

void SimScheduler::schedule(base::Instant at, OwnerId owner, port::Closure closure,
                            const char* what) {
  if (!is_alive(owner)) {
    return;
  }
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(events_.size()));
    events_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  events_[slot] = Event{owner, std::move(closure), what};
  queue_.push(Due{at < now_ ? now_ : at, ++sequence_, slot});
}

SimScheduler::Event SimScheduler::take() {
  const std::uint32_t slot = queue_.top().slot;
  queue_.pop();
  free_slots_.push_back(slot);
  return std::exchange(events_[slot], Event{});
}

bool SimScheduler::pass_over() {
  const Due top = queue_.top();
  const Owner& owner = owners_[events_[top.slot].owner.value()];
  if (!owner.alive) {
    take();
    return true;
  }
  if (owner.paused_until > top.at) {
    queue_.pop();
    queue_.push(Due{owner.paused_until, top.sequence, top.slot});
    return true;
  }
  return false;
}

bool SimScheduler::step() {
  while (!queue_.empty()) {
    if (pass_over()) {
      continue;
    }
    now_ = queue_.top().at;
    Event next = take();
    ++steps_;
    mix(static_cast<std::uint64_t>(now_.as_nanoseconds()));
    mix(next.owner.value());
    if (event_hook_) {
      event_hook_(next.owner, next.what);
    }
    next.closure();
    if (hook_) {
      hook_();
    }
    return true;
  }
  return false;
}

void SimScheduler::run_until(base::Instant until) {
  while (!queue_.empty() && queue_.top().at <= until) {
    // An event of a paused or dead owner moves or vanishes instead of running, so look again.
    if (!pass_over()) {
      step();
    }
  }
  now_ = until;
}

void SimScheduler::mix(std::uint64_t value) {
  std::uint64_t z = trace_hash_ ^ (value + 0x9e3779b97f4a7c15ULL + (trace_hash_ << 6));
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  trace_hash_ = z ^ (z >> 31);
}

}  // namespace ostraka::sim_ports
