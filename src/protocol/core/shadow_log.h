// What one node has on stable storage, as the checker believes it: rebuilt from the durable writes
// that it was told of, never from the product's own state.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/effects.h"
#include "protocol/core/issued_writes.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <map>
#include <vector>

namespace ostraka::protocol {

struct ShadowEntry {
  model::Term term;
  // hash of (term, kind, size) of this entry and all before it: equal chains, equal prefixes
  std::uint64_t chain = 0;
};

[[nodiscard]] std::uint64_t extend_chain(std::uint64_t chain, const EntryMeta& entry);

class ShadowLog {
 public:
  [[nodiscard]] model::LogIndex base() const { return base_; }
  [[nodiscard]] model::LogIndex last() const { return base_ + entries_.size(); }
  [[nodiscard]] model::Term last_term() const { return at(last()).term; }
  // Of base() too; nothing outside.
  [[nodiscard]] bool has(model::LogIndex index) const { return index >= base_ && index <= last(); }
  [[nodiscard]] const ShadowEntry& at(model::LogIndex index) const;
  [[nodiscard]] model::Term term_at(model::LogIndex index) const {
    return has(index) ? at(index).term : model::Term{};
  }
  [[nodiscard]] const HardState& hard_state() const { return hard_state_; }
  // The newest configuration before `index`, and its place.
  [[nodiscard]] const ConfigurationAt* configuration_before(model::LogIndex index) const;

  // Starts from what a disk holds; `base_chain` belongs to recovered.snapshot.index.
  void adopt(const Recovered& recovered, std::uint64_t base_chain);
  void apply(const IssuedWrite& write);
  // Everything that both hold is equal, they end at one place, and the hard state is the same.
  [[nodiscard]] bool equals(const Recovered& recovered) const;

 private:
  void append(const EntryMeta& entry);

  model::LogIndex base_;
  ShadowEntry base_entry_;
  std::vector<ShadowEntry> entries_;
  std::vector<ConfigurationAt> configurations_;
  HardState hard_state_;
};

// What a leader whose disk is `own` may believe of another node's `log`: everything up to `match`
// is there, and equal as far as both disks still show it.
[[nodiscard]] bool may_match(const ShadowLog& own, const ShadowLog& log, model::LogIndex match);

// The last entry that each of `members` holds by `held`, 0 = none: values of a quorum
// (protocol/quorum).
[[nodiscard]] std::vector<std::uint64_t> held_by(
    const std::vector<model::Member>& members,
    const std::map<model::NodeId, model::LogIndex>& held);

}  // namespace ostraka::protocol
