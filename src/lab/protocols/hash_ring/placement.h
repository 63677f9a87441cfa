// Which node has a key: three ways, behind one face, so that they can be compared.
//
// Threads: none. Limits: those of protocol/ring.
#pragma once

#include "protocol/ring/ring.h"

#include <cstdint>
#include <map>
#include <vector>

namespace ostraka::lab::hash_ring_detail {

enum class Method : std::uint8_t { modulo, hashed, ring };  // as the parameter's choices

class Placement {
 public:
  Placement(Method method, std::uint32_t tokens);
  void set_weight(std::uint32_t node, std::uint32_t weight);
  // 0 when there is no node.
  [[nodiscard]] std::uint32_t owner(std::int64_t key) const;

 private:
  Method method_;
  std::uint32_t tokens_per_weight_;
  std::map<std::uint32_t, std::uint32_t> weights_;
  std::vector<std::uint32_t> slots_;               // modulo: a node per unit of weight
  std::map<std::uint64_t, std::uint32_t> hashed_;  // position to node
  protocol::ring::Ring ring_;
};

// Nodes 1 to `nodes`, of weight 1.
[[nodiscard]] Placement placement_of(Method method, std::uint32_t tokens, std::uint32_t nodes);

}  // namespace ostraka::lab::hash_ring_detail
