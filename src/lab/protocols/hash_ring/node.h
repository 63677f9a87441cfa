// The processes: an administrator (process 1) that changes who takes part, and nodes (2, 3, …) that
// keep keys and hand over those that are not theirs any more. Every node computes the owners itself
// from the same changes in the same order.
//
// Threads: none.
#pragma once

#include "lab/core/parameters.h"
#include "lab/core/process.h"
#include "lab/protocols/hash_ring/placement.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ostraka::lab::hash_ring_detail {

struct Step {
  enum : int {
    place = 1,
    change = 2,
    hand_over = 3,
    take = 4,
  };
};

[[nodiscard]] inline ProcessId process_of(std::uint32_t node) { return ProcessId{node + 1}; }
// As many as take part at first, and one that may enter.
[[nodiscard]] inline std::uint32_t nodes_in_all(const Parameters& parameters) {
  return static_cast<std::uint32_t>(parameters["nodes"]) + 1;
}
// The weight of a node at first.
[[nodiscard]] std::uint32_t first_weight(const Parameters& parameters, std::uint32_t node);

class Administrator final : public Process {
 public:
  explicit Administrator(const Parameters& parameters) : nodes_(nodes_in_all(parameters)) {}
  void step(const Event& event, Effects& effects) override;

 private:
  std::uint32_t nodes_;
  std::int64_t version_ = 0;
};

class Node final : public Process {
 public:
  Node(const Birth& birth, const Parameters& parameters);
  void step(const Event& event, Effects& effects) override;

 private:
  void start(Effects& effects);
  void apply_changes(Effects& effects);
  void take(ProcessId from, const Fields& fields, Effects& effects);
  void hand_over(Effects& effects);

  std::uint32_t self_;
  std::int64_t key_count_;
  Placement placement_;
  std::int64_t version_ = 0;  // of the last change that was applied
  std::map<std::int64_t, std::pair<std::uint32_t, std::uint32_t>> changes_;  // that came too early
  // With the change that its giver knew of: older knowledge does not judge where a key belongs.
  std::map<std::int64_t, std::int64_t> keys_;
};

}  // namespace ostraka::lab::hash_ring_detail
