// Large values, one after the other (scenario E9): entries and snapshots of many megabytes.
//
// Every acknowledged value must be there in full at the end; where it is asked for, a goodput is
// reached and nothing fails. Threads: one.
#pragma once

#include "sim/internal/client_workload.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim::internal {

struct BulkOptions {
  std::uint32_t clients = 2;
  std::uint32_t keys = 8;  // of each client
  std::int64_t value_bytes = 1 << 20;
  std::int64_t think_ms_max = 100;
  std::uint32_t node = 0;         // that all clients speak to; 0 = any
  bool spread = false;            // client i speaks to node i, round and round
  std::uint32_t get_percent = 0;  // of the operations read a value that was written
  // By then so many operations are done, and none has ended otherwise; 0 = not asked.
  std::int64_t until_ms = 0;
  std::uint64_t done_min = 0;
};

class BulkWorkload final : public ClientWorkload {
 public:
  BulkWorkload(World& world, BulkOptions options);
  void start() override;
  void read_final_state() override;
  [[nodiscard]] std::string judge() override { return verdict_; }

 private:
  struct Key {
    std::string name;
    bool written = false;
  };
  struct Lane {
    std::unique_ptr<Client> client;
    std::vector<Key> keys;
  };
  void next(std::size_t lane);
  void operate(std::size_t lane);
  void write(std::size_t lane, std::size_t key);
  void read(std::size_t lane, std::size_t key);
  [[nodiscard]] bool is_done(const Reply& reply);
  void judge_goodput();

  BulkOptions options_;
  std::vector<Lane> lanes_;
  std::string verdict_;
  std::string failed_;  // how the first operation that was not done ended
};

}  // namespace ostraka::sim::internal
