// Anchors of SCAN cursors that this node has stored or looked up: saves the read and the write.
//
// Bounded; the oldest goes first. Only a cache: what it does not have is in the cursor keyspace.
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace ostraka::gateway::resp {

class CursorCache {
 public:
  explicit CursorCache(std::size_t anchors_max = 4096) : anchors_max_(anchors_max) {}

  // The bytes stored under the number.
  [[nodiscard]] const std::string* find(std::uint32_t number) const;
  // The number under which these bytes are stored, if the record lives beyond `needed_until`.
  [[nodiscard]] std::optional<std::uint32_t> number_of(base::ByteView anchor,
                                                       base::WallTime needed_until) const;
  void put(std::uint32_t number, base::ByteView anchor, base::WallTime lives_until);

 private:
  struct Anchor {
    std::string bytes;
    base::WallTime lives_until;
  };
  std::size_t anchors_max_;
  std::map<std::uint32_t, Anchor> by_number_;
  std::map<std::string, std::uint32_t, std::less<>> by_bytes_;
  std::deque<std::uint32_t> order_;
};

}  // namespace ostraka::gateway::resp
