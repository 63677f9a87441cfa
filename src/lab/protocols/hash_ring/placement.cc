#include "lab/protocols/hash_ring/placement.h"

#include "base/hash.h"

#include <fmt/format.h>

namespace ostraka::lab::hash_ring_detail {

Placement::Placement(Method method, std::uint32_t tokens)
    : method_(method), tokens_per_weight_(tokens), ring_(tokens) {}

void Placement::set_weight(std::uint32_t node, std::uint32_t weight) {
  weights_[node] = weight;
  switch (method_) {
    case Method::modulo:
      slots_.clear();
      for (const auto& [each, its_weight] : weights_) {
        slots_.insert(slots_.end(), its_weight, each);
      }
      break;
    case Method::hashed:
      std::erase_if(hashed_, [node](const auto& token) { return token.second == node; });
      for (std::uint32_t i = 0; i < weight * tokens_per_weight_; ++i) {
        hashed_[base::hash64(fmt::format("node {} token {}", node, i))] = node;
      }
      break;
    case Method::ring:
      ring_.set_weight(model::NodeId{node}, weight);
      break;
  }
}

std::uint32_t Placement::owner(std::int64_t key) const {
  const std::uint64_t position = base::hash64(fmt::format("key {}", key));
  switch (method_) {
    case Method::modulo:
      return slots_.empty() ? 0 : slots_[position % slots_.size()];
    case Method::hashed: {
      const auto next = hashed_.lower_bound(position);
      return hashed_.empty() ? 0 : next == hashed_.end() ? hashed_.begin()->second : next->second;
    }
    case Method::ring:
      return ring_.owner(position).value();
  }
  return 0;
}

Placement placement_of(Method method, std::uint32_t tokens, std::uint32_t nodes) {
  Placement placement(method, tokens);
  for (std::uint32_t node = 1; node <= nodes; ++node) {
    placement.set_weight(node, 1);
  }
  return placement;
}

}  // namespace ostraka::lab::hash_ring_detail
