// What one acceptor has on stable storage, as the checker believes it: rebuilt from the durable
// writes that it was told of, never from the product's own state.
#pragma once

#include "model/ids.h"
#include "protocol/core/issued_writes.h"
#include "protocol/core/protocol.h"

#include <map>

namespace ostraka::protocol::multi_paxos {

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
