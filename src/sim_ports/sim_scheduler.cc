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
  queue_.push(Pending{at < now_ ? now_ : at, ++sequence_, owner, std::move(closure), what});
}

bool SimScheduler::step() {
  while (!queue_.empty()) {
    Pending next = Pending{queue_.top().at, queue_.top().sequence, queue_.top().owner,
                           std::move(queue_.top().closure), queue_.top().what};
    queue_.pop();
    const Owner& owner = owners_[next.owner.value()];
    if (!owner.alive) {
      continue;
    }
    if (owner.paused_until > next.at) {
      next.at = owner.paused_until;
      queue_.push(std::move(next));
      continue;
    }
    now_ = next.at;
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
    // An event of a paused or dead owner may move or vanish instead of running, so look again.
    const Pending& top = queue_.top();
    const Owner& owner = owners_[top.owner.value()];
    if (!owner.alive) {
      queue_.pop();
      continue;
    }
    if (owner.paused_until > top.at) {
      Pending moved{owner.paused_until, top.sequence, top.owner, std::move(top.closure), top.what};
      queue_.pop();
      queue_.push(std::move(moved));
      continue;
    }
    step();
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
