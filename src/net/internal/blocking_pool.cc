#include "net/internal/blocking_pool.h"

#include "base/assert.h"

#include <csignal>
#include <utility>

namespace ostraka::net::internal {

BlockingPool::~BlockingPool() { shut_down(); }

void BlockingPool::submit(unsigned lane, port::Closure job) {
  OSTRAKA_ASSERT(lane < kLanesMax, "lanes are small numbers");
  if (lane >= lanes_.size()) {
    lanes_.resize(lane + 1);
  }
  if (lanes_[lane] == nullptr) {
    lanes_[lane] = std::make_unique<Lane>();
    // Signals are for the reactor's thread; a new thread inherits the mask of its creator.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    lanes_[lane]->thread = std::thread([chosen = lanes_[lane].get()] { work(*chosen); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  Lane& chosen = *lanes_[lane];
  {
    const std::lock_guard lock(chosen.mutex);
    chosen.jobs.push_back(std::move(job));
  }
  chosen.wake.notify_one();
}

void BlockingPool::shut_down() {
  for (const auto& lane : lanes_) {
    if (lane != nullptr) {
      {
        const std::lock_guard lock(lane->mutex);
        lane->stop = true;
      }
      lane->wake.notify_one();
    }
  }
  for (const auto& lane : lanes_) {
    if (lane != nullptr) {
      lane->thread.join();
    }
  }
  lanes_.clear();
}

void BlockingPool::work(Lane& lane) {
  while (true) {
    port::Closure job;
    {
      std::unique_lock lock(lane.mutex);
      lane.wake.wait(lock, [&lane] { return lane.stop || !lane.jobs.empty(); });
      if (lane.stop) {
        return;
      }
      job = std::move(lane.jobs.front());
      lane.jobs.pop_front();
    }
    job();
  }
}

}  // namespace ostraka::net::internal
