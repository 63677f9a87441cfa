#include "protocol/multi_paxos/internal/shadow_slots.h"

#include <algorithm>

namespace ostraka::protocol::multi_paxos {

model::Term ShadowSlots::term_at(model::LogIndex slot) const {
  const auto at = slots_.find(slot);
  return at == slots_.end() ? model::Term{} : at->second;
}

void ShadowSlots::adopt(const Recovered& recovered) {
  base_ = recovered.snapshot.index;
  slots_.clear();
  for (const EntryMeta& entry : recovered.entries) {
    slots_[entry.index] = entry.term;
  }
  hard_state_ = recovered.hard_state;
}

void ShadowSlots::apply(const IssuedWrite& write) {
  if (write.snapshot) {
    base_ = std::max(base_, write.snapshot->index);
    slots_.erase(slots_.begin(), slots_.upper_bound(base_));
    return;
  }
  for (const EntryMeta& entry : write.append.entries) {
    if (entry.index > base_) {
      slots_[entry.index] = entry.term;
    }
  }
  if (write.append.hard_state) {
    hard_state_ = *write.append.hard_state;
  }
}

bool ShadowSlots::equals(const Recovered& recovered) const {
  if (hard_state_ != recovered.hard_state || recovered.snapshot.index < base_) {
    return false;
  }
  auto at = slots_.upper_bound(recovered.snapshot.index);
  for (const EntryMeta& entry : recovered.entries) {
    if (at == slots_.end() || at->first != entry.index || at->second != entry.term) {
      return false;
    }
    ++at;
  }
  return at == slots_.end();
}

}  // namespace ostraka::protocol::multi_paxos
