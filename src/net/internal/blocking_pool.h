// Threads for jobs that block: one thread a lane, started with the lane's first job, so that the
// jobs of a lane keep their order and lanes do not wait for each other.
//
// Threads: submit() and the destructor on the reactor's thread. The destructor waits for the jobs
// that run and drops those that wait.
#pragma once

#include "port/executor.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ostraka::net::internal {

// Lanes are small numbers chosen by the composition root (log streams, checkpoints, resolver).
inline constexpr unsigned kLanesMax = 64;

class BlockingPool {
 public:
  BlockingPool() = default;
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool();

  void submit(unsigned lane, port::Closure job);
  // No job starts after this; waits for those that run.
  void shut_down();

 private:
  struct Lane {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<port::Closure> jobs;  // guarded by mutex
    bool stop = false;               // guarded by mutex
    std::thread thread;
  };
  static void work(Lane& lane);

  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace ostraka::net::internal
