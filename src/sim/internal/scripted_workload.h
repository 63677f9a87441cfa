// Clients that do what a schedule tells them, each at the node that it names, all on one register;
// judged as any register is.
//
// read_follower is a read after READONLY 0: answered from the node's own copy, and still
// linearizable. A client's node is fixed by its latest order.
#pragma once

#include "sim/internal/recorded_workload.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::sim::internal {

class ScriptedWorkload final : public RecordedWorkload {
 public:
  ScriptedWorkload(World& world, std::uint32_t clients);
  void start() override {}
  bool order(std::size_t client, OrderKind kind, const std::string& node) override;
  [[nodiscard]] OrderState order_state(std::size_t client) const override;

 private:
  struct Orders {
    std::string node;
    std::uint64_t number = 0;  // of the latest
    OrderState state = OrderState::none;
  };
  std::vector<Orders> orders_;
};

}  // namespace ostraka::sim::internal
