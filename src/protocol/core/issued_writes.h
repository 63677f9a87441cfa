// The writes of one simulated node that were issued and may or may not be on its disk yet. For the
// invariants of engines, which rebuild each disk from them and do not believe the product.
//
// Threads: none. Bounded by what the node has under way.
#pragma once

#include "protocol/core/effects.h"
#include "protocol/core/event.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace ostraka::protocol {

// An append or a snapshot.
struct IssuedWrite {
  Append append;
  std::optional<SnapshotMeta> snapshot;
  std::uint64_t snapshot_chain = 0;  // of the shadow log at its index (protocol/core/shadow_log.h)
};

class IssuedWrites {
 public:
  [[nodiscard]] bool empty() const { return writes_.empty(); }
  void push(IssuedWrite write) { writes_.push_back(std::move(write)); }
  void clear() { writes_.clear(); }

  // The appends up to this token. A snapshot takes its own way to the disk: writes issued behind it
  // may be durable before it.
  [[nodiscard]] std::vector<IssuedWrite> take_durable(AppendToken token);
  // Everything up to the oldest snapshot.
  [[nodiscard]] std::vector<IssuedWrite> take_through_snapshot();
  // What a crash left of them: some prefix of the appends, each whole, with or without the
  // snapshot. Nothing is taken when none of these makes `disk` what was recovered.
  template <typename Shadow>
  [[nodiscard]] std::vector<IssuedWrite> take_survivors(const Shadow& disk,
                                                        const Recovered& recovered);

 private:
  std::deque<IssuedWrite> writes_;
};

template <typename Shadow>
std::vector<IssuedWrite> IssuedWrites::take_survivors(const Shadow& disk,
                                                      const Recovered& recovered) {
  for (const bool with_snapshot : {false, true}) {
    Shadow after = disk;
    std::vector<IssuedWrite> survivors;
    for (auto write = writes_.begin(); write != writes_.end() && !after.equals(recovered);
         ++write) {
      if (with_snapshot || !write->snapshot) {
        after.apply(*write);
        survivors.push_back(*write);
      }
    }
    if (after.equals(recovered)) {
      writes_.clear();
      return survivors;
    }
  }
  return {};
}

}  // namespace ostraka::protocol
