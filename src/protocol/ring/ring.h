// The consistent-hash ring as a pure value: which node owns which part of the 64-bit hash space.
//
// A node has tokens, places on the ring; a token owns the positions from behind the token before it
// up to itself. The owner of a position is the node of the first token at or clockwise of it. A
// node of weight w has w * tokens_per_weight tokens (Karger et al. 1997; Dynamo 2007, section 4.2).
//
// Tokens are not drawn by hashing the node's name: with 160 of them a node's share would stray by
// 8 % from its due. A node that enters takes its due in equal pieces from the nodes with the most
// above theirs; when it leaves, each of its parts is divided between the tokens beside it. So the
// ring depends on its history: it is kept and handed on as its tokens, not computed anew from a
// list of members. The same changes in the same order give the same ring on every machine.
//
// Threads: none; readers may share a ring that nobody changes. Ownership: a value. Units: positions
// are hash64 values of keys, made by the caller. Limits: kTokensMax tokens in all. Errors: none;
// what is out of range is a programming error and aborts.
#pragma once

#include "model/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace ostraka::protocol::ring {

struct Token {
  std::uint64_t position = 0;
  model::NodeId node;
  friend bool operator==(const Token&, const Token&) = default;
};

inline constexpr std::uint32_t kTokensPerWeight = 160;
inline constexpr std::size_t kTokensMax = std::size_t{1} << 20;

class Ring {
 public:
  explicit Ring(std::uint32_t tokens_per_weight = kTokensPerWeight);

  // Enters, leaves (weight 0) or changes its weight. Only positions that go to or come from `node`
  // change their owner. Costs O(changed tokens * (nodes + all tokens)).
  void set_weight(model::NodeId node, std::uint32_t weight);

  // None when the ring is empty.
  [[nodiscard]] model::NodeId owner(std::uint64_t position) const;
  // The owner and the next distinct nodes clockwise; fewer than `count` when there are fewer nodes.
  [[nodiscard]] std::vector<model::NodeId> preference(std::uint64_t position,
                                                      std::size_t count) const;

  // By position, all different.
  [[nodiscard]] const std::vector<Token>& tokens() const { return tokens_; }
  [[nodiscard]] const std::map<model::NodeId, std::uint32_t>& weights() const { return weights_; }
  // How much of the ring each node owns, in 2^-56 of it; the sum is exact but for rounding down,
  // once per token.
  [[nodiscard]] std::map<model::NodeId, std::uint64_t> shares() const;

 private:
  [[nodiscard]] std::size_t first_at(std::uint64_t position) const;
  [[nodiscard]] std::size_t place_before(std::size_t place) const {
    return (place == 0 ? tokens_.size() : place) - 1;
  }
  [[nodiscard]] std::size_t place_behind(std::size_t place) const {
    return (place + 1) % tokens_.size();
  }
  [[nodiscard]] std::uint64_t width(std::size_t place) const;  // of what the token owns
  [[nodiscard]] std::map<model::NodeId, std::uint64_t> dues() const;
  void enter_first(model::NodeId node, std::size_t count);
  void take(model::NodeId node, std::size_t count);
  void drop(model::NodeId node, std::size_t count);
  void join(std::vector<std::uint64_t>& going);
  void hand_over(const std::vector<std::uint64_t>& going);
  [[nodiscard]] std::size_t part_to_cut(model::NodeId owner, std::uint64_t enough,
                                        std::size_t start) const;

  std::uint32_t tokens_per_weight_;
  std::vector<Token> tokens_;
  std::map<model::NodeId, std::uint32_t> weights_;  // > 0
};

}  // namespace ostraka::protocol::ring
