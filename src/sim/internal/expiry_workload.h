// Keys with a time to live (scenario E7): not gone before it has passed, never back, gone at the
// end.
//
// Every SET … PX writes a key of its own; any client reads it after the acknowledgement (GET or
// PTTL). True time is the judge's clock: log time follows the clocks of a quorum within bounds, so
// `slack_ms` says how far a fair clock may be from the log time, and `late_ms` how long log time
// may stand still (while there is no leader, or until clocks that are behind have caught up).
#pragma once

#include "base/time.h"
#include "sim/internal/client_workload.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim::internal {

struct ExpiryOptions {
  std::uint32_t clients = 4;
  std::int64_t think_ms_max = 20;
  std::int64_t ttl_min_ms = 1000;
  std::int64_t ttl_max_ms = 4000;
  std::int64_t slack_ms = 600;
  std::int64_t late_ms = 4000;
};

class ExpiryWorkload final : public ClientWorkload {
 public:
  ExpiryWorkload(World& world, ExpiryOptions options);
  void start() override;
  // Reads the state of every replica that runs.
  [[nodiscard]] std::string judge() override;

 private:
  struct Key {
    std::string name;
    std::int64_t ttl_ms = 0;
    base::Instant set_called;
    base::Instant set_returned;
    bool acknowledged = false;
    bool seen_gone = false;
    base::Instant gone_since;  // the return of the first read that did not find it
  };

  void next(std::size_t client);
  void write(std::size_t client);
  void read(std::size_t client, std::size_t key);
  void saw_gone(Key& key);
  void saw_present(const Key& key, base::Instant called);
  void saw_time_left(const Key& key, std::int64_t left_ms);
  void violated(const Key& key, const std::string& what);

  ExpiryOptions options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Key> keys_;
  std::vector<std::size_t> readable_;  // acknowledged, oldest first
  std::string verdict_;
};

}  // namespace ostraka::sim::internal
