// What workloads of clients that think between their operations have in common.
//
// Threads: one. Ownership: the world outlives it.
#pragma once

#include "base/prng.h"
#include "port/executor.h"
#include "sim/client.h"
#include "sim/workload.h"

#include <cstdint>
#include <utility>

namespace ostraka::sim::internal {

class ClientWorkload : public Workload {
 public:
  void stop() override { stopped_ = true; }
  [[nodiscard]] std::uint64_t operations_ok() const override { return ok_; }
  [[nodiscard]] std::uint64_t operations_open() const override { return open_; }

 protected:
  explicit ClientWorkload(World& world) : world_(world), prng_(world.prng().next()) {}

  // Does `then` after a random time of at most `think_ms_max`, unless the workload is stopped.
  void after_thinking(Client& client, std::int64_t think_ms_max, port::Closure then) {
    if (stopped_) {
      return;
    }
    const auto think = base::Duration::microseconds(prng_.between(0, think_ms_max * 1000));
    client.executor().run_at(world_.now() + think, [this, go = std::move(then)]() mutable {
      if (!stopped_) {
        go();
      }
    });
  }

  World& world_;
  base::Prng prng_;
  std::uint64_t ok_ = 0;
  std::uint64_t open_ = 0;
  bool stopped_ = false;
};

}  // namespace ostraka::sim::internal
