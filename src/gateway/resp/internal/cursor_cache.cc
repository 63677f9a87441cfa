#include "gateway/resp/internal/cursor_cache.h"

namespace ostraka::gateway::resp {

const std::string* CursorCache::find(std::uint32_t number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : &found->second.bytes;
}

std::optional<std::uint32_t> CursorCache::number_of(base::ByteView anchor,
                                                    base::WallTime needed_until) const {
  const auto found = by_bytes_.find(anchor);
  if (found == by_bytes_.end() || by_number_.at(found->second).lives_until < needed_until) {
    return std::nullopt;
  }
  return found->second;
}

void CursorCache::put(std::uint32_t number, base::ByteView anchor, base::WallTime lives_until) {
  const auto known = by_number_.find(number);
  if (known != by_number_.end()) {
    by_bytes_.erase(known->second.bytes);
    known->second = Anchor{.bytes = std::string(anchor), .lives_until = lives_until};
  } else {
    by_number_.emplace(number, Anchor{.bytes = std::string(anchor), .lives_until = lives_until});
    order_.push_back(number);
  }
  by_bytes_.insert_or_assign(std::string(anchor), number);
  if (order_.size() > anchors_max_) {
    const auto oldest = by_number_.find(order_.front());
    const auto bytes = by_bytes_.find(oldest->second.bytes);
    if (bytes != by_bytes_.end() && bytes->second == oldest->first) {
      by_bytes_.erase(bytes);
    }
    by_number_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace ostraka::gateway::resp
