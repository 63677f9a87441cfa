// Pipelines of dependent commands on one connection (scenario E6): effects and replies must keep
// program order.
//
// Each client owns its keys: APPENDs of consecutive numbers to a list in one pipeline, then a GET
// in the same pipeline. The value
// read back must be a sequence without gaps or repeats in which everything acknowledged stands.
#pragma once

#include "sim/internal/client_workload.h"

#include <memory>
#include <string>
#include <vector>

namespace ostraka::sim::internal {

struct PipelineOptions {
  std::uint32_t clients = 3;
  std::uint32_t depth = 16;
};

class PipelineWorkload final : public ClientWorkload {
 public:
  PipelineWorkload(World& world, PipelineOptions options);
  void start() override;
  void read_final_state() override;
  [[nodiscard]] std::string judge() override { return verdict_; }

 private:
  struct Lane {
    std::unique_ptr<Client> client;
    std::string key;
    std::uint32_t generation = 0;
    std::uint32_t sent = 0;  // numbers appended so far under this key
    std::vector<std::uint32_t> acknowledged;
    std::uint32_t last_unknown = 0;  // a number whose fate is not known; 0 = none
  };

  void next(std::size_t at);
  void read_back(std::size_t at, bool final_read);
  void judge_value(const Lane& lane, const std::string& value);

  PipelineOptions options_;
  std::vector<Lane> lanes_;
  std::string verdict_;
};

}  // namespace ostraka::sim::internal
