// What one acceptor has on stable storage, as the checker believes it: rebuilt from the durable
// writes that it was told of, never from the product's own state.
#pragma once

#include "model/ids.h"
#include "protocol/core/effects.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace ostraka::protocol::multi_paxos {

// A write that was issued and may or may not be on disk yet: an append or a snapshot.
struct IssuedWrite {
  Append append;
  std::vector<std::uint64_t> hashes;  // parallel to append.entries, or empty
  std::optional<SnapshotMeta> snapshot;
};

class ShadowSlots {
 public:
  [[nodiscard]] const HardState& hard_state() const { return hard_state_; }
  // 0 when nothing is accepted there, or it is gone.
  [[nodiscard]] model::Term term_at(model::LogIndex slot) const;
  // The slot is not empty, or gone because it is chosen.
  [[nodiscard]] bool holds(model::LogIndex slot) const {
    return slot <= base_ || slots_.contains(slot);
  }

  void adopt(const Recovered& recovered);
  void apply(const IssuedWrite& write);
  // The same slots behind the start of what was recovered, and the same promise.
  [[nodiscard]] bool equals(const Recovered& recovered) const;

 private:
  model::LogIndex base_;  // of the newest snapshot
  std::map<model::LogIndex, model::Term> slots_;
  HardState hard_state_;
};

}  // namespace ostraka::protocol::multi_paxos
