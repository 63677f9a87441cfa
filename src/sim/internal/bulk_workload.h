// Large values, one after the other (scenario E9): entries and snapshots of many megabytes.
//
// Every acknowledged value must be there in full at the end. Threads: one.
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
  std::uint32_t node = 0;  // that all clients speak to; 0 = any
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
  void write(std::size_t lane);

  BulkOptions options_;
  std::vector<Lane> lanes_;
  std::string verdict_;
};

}  // namespace ostraka::sim::internal
