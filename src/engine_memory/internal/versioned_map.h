// The maps behind the memory engine: per family an ordered map from key to its values by sequence
// number, so that a snapshot is one number.
//
// Every write batch gets one sequence number. A value is visible at sequence s when it is the
// newest one with a number <= s. Values that no live snapshot can see are dropped when their key is
// written again, and all of them by prune(). Not synchronised: the owner holds a mutex.
#pragma once

#include "base/bytes.h"
#include "engine_memory/internal/batch.h"
#include "port/engine.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace ostraka::engine_memory {

using Sequence = std::uint64_t;
// Shared with iterators, so that a value stays while its key is written; null = removed.
using ValuePtr = std::shared_ptr<const std::string>;

class VersionedMap {
 public:
  struct Cell {
    Sequence sequence;
    ValuePtr value;
  };
  using Cells = std::vector<Cell>;  // rising sequence
  using Map = std::map<std::string, Cells, std::less<>>;

  [[nodiscard]] Sequence sequence() const { return sequence_; }
  // Applies all operations, in order, under the next sequence number.
  void apply(const Batch& batch);
  // Puts one pair without history, for loading an image. Requires rising keys for speed only.
  void load(port::Family family, base::ByteView key, base::ByteView value);

  [[nodiscard]] const Map& map(port::Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  // The value visible at `at`, or null.
  [[nodiscard]] static const ValuePtr* visible(const Cells& cells, Sequence at);
  [[nodiscard]] ValuePtr find(port::Family family, base::ByteView key, Sequence at) const;

  // Keeps what is visible at the current sequence number (or at one that is retained already) until
  // release() with the same number.
  Sequence retain() { return retain_at(sequence_); }
  Sequence retain_at(Sequence sequence);
  void release(Sequence sequence);

  // Drops everything that nobody can see any more.
  void prune();
  [[nodiscard]] std::uint64_t keys() const;

 private:
  void put(Map& map, base::ByteView key, ValuePtr value);
  void remove_range(Map& map, base::ByteView lower, base::ByteView upper);
  // True when nothing is left and the key can go.
  [[nodiscard]] bool drop_unseen(Cells& cells) const;

  std::array<Map, port::kFamilyCount> families_;
  std::multiset<Sequence> retained_;
  Sequence sequence_ = 1;
};

}  // namespace ostraka::engine_memory
