#include "protocol/ring/ring.h"

#include "base/assert.h"
#include "base/prng.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace ostraka::protocol::ring {
namespace {

constexpr int kShareShift = 8;  // widths are counted in 2^8 positions, so that sums fit
constexpr int kRounds = 16;     // of evening out when tokens go
constexpr std::uint64_t kWhole = std::uint64_t{1} << (64 - kShareShift);

// Fixed by what is done, so that every machine draws the same.
base::Prng prng_of(model::NodeId node, std::size_t tokens) {
  return base::Prng((std::uint64_t{node.value()} << 32) ^ tokens);
}

}  // namespace

Ring::Ring(std::uint32_t tokens_per_weight) : tokens_per_weight_(tokens_per_weight) {
  OSTRAKA_ASSERT(tokens_per_weight > 0, "a node needs tokens");
}

std::size_t Ring::first_at(std::uint64_t position) const {
  const auto at = std::ranges::lower_bound(tokens_, position, {}, &Token::position);
  return at == tokens_.end() ? 0 : static_cast<std::size_t>(at - tokens_.begin());
}

model::NodeId Ring::owner(std::uint64_t position) const {
  return tokens_.empty() ? model::NodeId() : tokens_[first_at(position)].node;
}

std::vector<model::NodeId> Ring::preference(std::uint64_t position, std::size_t count) const {
  std::vector<model::NodeId> nodes;
  const std::size_t wanted = std::min(count, weights_.size());
  const std::size_t first = tokens_.empty() ? 0 : first_at(position);
  for (std::size_t i = 0; nodes.size() < wanted; ++i) {
    const model::NodeId node = tokens_[(first + i) % tokens_.size()].node;
    if (std::ranges::find(nodes, node) == nodes.end()) {
      nodes.push_back(node);
    }
  }
  return nodes;
}

// A single token owns everything, which is one more than fits.
std::uint64_t Ring::width(std::size_t place) const {
  return tokens_.size() == 1 ? std::numeric_limits<std::uint64_t>::max()
                             : tokens_[place].position - tokens_[place_before(place)].position;
}

std::map<model::NodeId, std::uint64_t> Ring::shares() const {
  std::map<model::NodeId, std::uint64_t> shares;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    shares[tokens_[i].node] += width(i) >> kShareShift;
  }
  return shares;
}

std::map<model::NodeId, std::uint64_t> Ring::dues() const {
  std::uint64_t total = 0;
  for (const auto& [node, weight] : weights_) {
    total += weight;
  }
  std::map<model::NodeId, std::uint64_t> dues;
  for (const auto& [node, weight] : weights_) {
    dues[node] = kWhole / total * weight;
  }
  return dues;
}

void Ring::set_weight(model::NodeId node, std::uint32_t weight) {
  OSTRAKA_ASSERT(!node.is_none(), "a node has a number");
  const auto known = weights_.find(node);
  const std::uint32_t before = known == weights_.end() ? 0 : known->second;
  if (weight > before) {
    const std::size_t count = std::size_t{tokens_per_weight_} * (weight - before);
    OSTRAKA_ASSERT(tokens_.size() + count <= kTokensMax, "the ring stays within its limit");
    weights_[node] = weight;
    const bool is_alone = weights_.size() == 1;
    if (is_alone) {
      tokens_.clear();
      enter_first(node, std::size_t{tokens_per_weight_} * weight);
    } else {
      take(node, count);
    }
  } else if (weight < before) {
    if (weight == 0) {
      weights_.erase(node);
    } else {
      weights_[node] = weight;
    }
    drop(node, std::size_t{tokens_per_weight_} * (before - weight));
  }
}

// Parts of different width, so that those who enter later mix.
void Ring::enter_first(model::NodeId node, std::size_t count) {
  base::Prng prng = prng_of(node, 0);
  std::set<std::uint64_t> positions;
  while (positions.size() < count) {
    positions.insert(prng.next());
  }
  for (const std::uint64_t position : positions) {
    tokens_.push_back({.position = position, .node = node});
  }
}

// A token of `owner` whose part is at least so wide, the first from a drawn place on: so a node's
// parts come to lie beside those of many others. If there is none, the token with the widest part,
// which is at least what its parts are on average, and so hardly narrower than a fair piece.
std::size_t Ring::part_to_cut(model::NodeId owner, std::uint64_t enough, std::size_t start) const {
  std::size_t widest = tokens_.size();
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::size_t place = (start + i) % tokens_.size();
    if (tokens_[place].node == owner &&
        (widest == tokens_.size() || width(place) > width(widest))) {
      widest = place;
      if (width(place) >= enough) {
        break;
      }
    }
  }
  OSTRAKA_ASSERT(widest < tokens_.size(), "who owns something has a token");
  return widest;
}

// A new token at the beginning of another's part takes that beginning over.
void Ring::take(model::NodeId node, std::size_t count) {
  base::Prng prng = prng_of(node, tokens_.size());
  const std::map<model::NodeId, std::uint64_t> due = dues();
  std::map<model::NodeId, std::uint64_t> share = shares();
  for (std::size_t left = count; left > 0; --left) {
    model::NodeId richest;
    for (const auto& [other, owned] : share) {
      // Compared without subtracting below zero: owned - due > owned' - due'.
      if (other != node &&
          (richest.is_none() || owned + due.at(richest) > share.at(richest) + due.at(other))) {
        richest = other;
      }
    }
    const std::uint64_t missing = due.at(node) - std::min(due.at(node), share[node]);
    const std::uint64_t piece = std::max<std::uint64_t>(1, missing / left);
    const std::uint64_t wanted = piece << kShareShift;
    const std::size_t place = part_to_cut(richest, wanted + wanted / 2, prng.below(tokens_.size()));
    const std::uint64_t all = width(place);
    const std::uint64_t taken = wanted < all ? wanted : all / 2;
    OSTRAKA_ASSERT(taken > 0, "a ring within its limit has room for a token");
    const Token token{.position = tokens_[place].position - all + taken, .node = node};
    tokens_.insert(std::ranges::upper_bound(tokens_, token.position, {}, &Token::position), token);
    share[richest] -= std::min(share[richest], taken >> kShareShift);
    share[node] += taken >> kShareShift;
  }
}

void Ring::drop(model::NodeId node, std::size_t count) {
  base::Prng prng = prng_of(node, tokens_.size());
  std::vector<std::uint64_t> own;
  for (const Token& token : tokens_) {
    if (token.node == node) {
      own.push_back(token.position);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {  // the first `count` of a drawn order
    std::swap(own[i], own[i + prng.below(own.size() - i)]);
  }
  own.resize(count);
  join(own);
  hand_over(own);
}

// Of tokens that lie side by side and all go, the last one stands for their parts.
void Ring::join(std::vector<std::uint64_t>& going) {
  std::ranges::sort(going);
  std::vector<std::uint64_t> last;
  for (const std::uint64_t position : going) {
    const std::size_t place = first_at(position);
    const std::size_t behind = place_behind(place);
    if (behind != place && std::ranges::binary_search(going, tokens_[behind].position)) {
      tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(place));
    } else {
      last.push_back(position);
    }
  }
  going = std::move(last);
}

// What a token owned goes to its neighbours: the token before it moves forward by a part, the one
// behind has the rest. The parts are such that both neighbours come as near as can be to the same
// distance from their dues; as each node has many such neighbourhoods, this is gone over
// repeatedly.
void Ring::hand_over(const std::vector<std::uint64_t>& going) {
  struct Gap {
    model::NodeId before;
    model::NodeId behind;
    std::int64_t all = 0;
    std::int64_t part = 0;  // of the node before
  };
  std::map<std::uint64_t, Gap> gaps;
  std::map<model::NodeId, std::int64_t> missing;  // of its due
  for (const auto& [node, due] : dues()) {
    missing[node] += static_cast<std::int64_t>(due);
  }
  for (const auto& [node, share] : shares()) {
    missing[node] -= static_cast<std::int64_t>(share);
  }
  for (const std::uint64_t position : going) {
    const std::size_t place = first_at(position);
    const Gap gap{.before = tokens_[place_before(place)].node,
                  .behind = tokens_[place_behind(place)].node,
                  .all = static_cast<std::int64_t>(width(place) >> kShareShift)};
    missing[tokens_[place].node] += gap.all;
    missing[gap.behind] -= gap.all;
    gaps.emplace(position, gap);
  }
  for (int round = 0; round < kRounds; ++round) {
    for (auto& [position, gap] : gaps) {
      if (gap.before != gap.behind && gap.all > 0) {
        const std::int64_t more = std::clamp<std::int64_t>(
            (missing[gap.before] - missing[gap.behind]) / 2, -gap.part, gap.all - 1 - gap.part);
        gap.part += more;
        missing[gap.before] -= more;
        missing[gap.behind] += more;
      }
    }
  }
  std::vector<Token> kept;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (!gaps.contains(tokens_[i].position)) {
      const auto gap = gaps.find(tokens_[place_behind(i)].position);
      const std::int64_t part = gap == gaps.end() ? 0 : gap->second.part;
      kept.push_back(
          {.position = tokens_[i].position + (static_cast<std::uint64_t>(part) << kShareShift),
           .node = tokens_[i].node});
    }
  }
  tokens_ = std::move(kept);
  std::ranges::sort(tokens_, {}, &Token::position);  // one may have moved over the end
}

}  // namespace ostraka::protocol::ring
