// The slots without payloads: sixteen bytes each, from the first one kept to the last one known.
//
// A slot is empty or holds what was accepted there last and at which ballot. Slots up to base() are
// gone (trimmed, or covered by a snapshot). The configurations among the entries are kept with
// their places. Threads: none.
#pragma once

#include "model/ids.h"
#include "model/membership.h"
#include "protocol/core/message.h"
#include "protocol/core/protocol.h"
#include "protocol/core/ring.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ostraka::protocol::multi_paxos {

class SlotLog {
 public:
  // Largest payload of one entry: its size shares a word with its kind.
  static constexpr std::uint32_t kPayloadBytesMax = (1U << 30) - 1;

  explicit SlotLog(const Recovered& recovered);

  [[nodiscard]] model::LogIndex base() const { return base_; }
  [[nodiscard]] model::LogIndex first() const { return base_.next(); }
  // The last slot that is not empty, or base().
  [[nodiscard]] model::LogIndex last() const { return base_ + slots_.size(); }
  // No slot up to here is empty.
  [[nodiscard]] model::LogIndex filled() const { return filled_; }
  // 0 when the slot is empty or unknown; that of base() is known.
  [[nodiscard]] model::Term term_at(model::LogIndex index) const;
  // Requires a slot that is not empty.
  [[nodiscard]] EntryMeta meta_at(model::LogIndex index) const;
  [[nodiscard]] std::uint32_t bytes_at(model::LogIndex index) const;

  // Requires a slot behind base(). `configuration`: of a configuration entry.
  void put(const EntryMeta& entry, std::shared_ptr<const model::Configuration> configuration);
  // Drops the slots up to `index`, which is at most filled().
  void trim(model::LogIndex index);
  // What a snapshot covers is gone; what was accepted behind it stays.
  void start_behind(const SnapshotMeta& snapshot);

  // In the order of their slots.
  [[nodiscard]] const std::vector<ConfigurationAt>& configurations() const {
    return configurations_;
  }
  // Null when there is none in that slot.
  [[nodiscard]] std::shared_ptr<const model::Configuration> configuration_at(
      model::LogIndex index) const;

 private:
  struct Slot {
    model::Term term;  // 0 = empty
    std::uint32_t word = 0;
  };
  [[nodiscard]] const Slot& slot(model::LogIndex index) const { return slots_[index - base_ - 1]; }
  void drop(model::LogIndex index, model::Term term);
  void fill();

  model::LogIndex base_;
  model::Term base_term_;
  model::LogIndex filled_;
  Ring<Slot> slots_;  // kind in the two high bits of the word, payload bytes in the others
  std::vector<ConfigurationAt> configurations_;
};

}  // namespace ostraka::protocol::multi_paxos
