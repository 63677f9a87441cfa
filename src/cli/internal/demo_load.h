// The two writers of the demo and the check of what they wrote.
//
// BulkLoader hands the records in batches to a stock Redis client (redis-cli --pipe) when one is
// installed, else to our own; Probe writes one record after the other and notes when each was
// acknowledged. Both go on with the next node when one fails; a batch or a record counts only when
// every reply was OK. Threads: one thread each; counters are atomic.
#pragma once

#include "cli/internal/demo_cluster.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace ostraka::cli {

// True when redis-cli can be started.
[[nodiscard]] bool has_redis_cli();

class BulkLoader {
 public:
  BulkLoader(const std::vector<DemoNode>& nodes, bool stock_client)
      : nodes_(nodes), stock_client_(stock_client) {}
  // Loads records [0, count). False when a batch could not be placed within a minute.
  bool run(std::uint32_t count);
  [[nodiscard]] std::uint32_t acknowledged() const;
  // Waits until there are more than `seen`, or run() has returned; false then.
  [[nodiscard]] bool wait_for_more_than(std::uint32_t seen) const;
  [[nodiscard]] std::uint32_t repeated_batches() const { return repeated_.load(); }

 private:
  bool load(std::uint32_t count);
  bool send_batch(const std::string& requests, std::uint32_t count);

  const std::vector<DemoNode>& nodes_;
  bool stock_client_;
  std::size_t node_ = 0;
  std::atomic<std::uint32_t> repeated_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable progress_;
  std::uint32_t acknowledged_ = 0;  // guarded by mutex_
  bool ended_ = false;              // guarded by mutex_
};

class Probe {
 public:
  explicit Probe(const std::vector<DemoNode>& nodes) : nodes_(nodes) {}
  // Writes until stop().
  void run();
  void stop() { stop_.store(true); }
  // Reads of the rest only after run() has returned.
  [[nodiscard]] std::uint32_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] double longest_gap_ms() const { return longest_gap_ms_; }
  [[nodiscard]] static std::string key(std::uint32_t number);
  [[nodiscard]] static std::string value(std::uint32_t number);

 private:
  const std::vector<DemoNode>& nodes_;
  std::atomic<bool> stop_ = false;
  std::uint32_t acknowledged_ = 0;
  double longest_gap_ms_ = 0;
};

struct CheckResult {
  std::uint32_t expected = 0;
  std::uint32_t found = 0;  // with exactly the right value
  std::string problem;      // of talking to the node; empty when there was none
};

// Reads every record through this node: linearizable, or from its own copy (READONLY).
[[nodiscard]] CheckResult check_node(const DemoNode& node, std::uint32_t records,
                                     std::uint32_t probes, bool own_copy);

}  // namespace ostraka::cli
