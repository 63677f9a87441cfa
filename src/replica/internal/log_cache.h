// The newest entries of a shard's log, with payloads, in memory.
//
// Bounded in bytes (payload and a constant per entry); entries from the pin on (not durable, or not
// committed) are kept in any case. Indexes need not be contiguous (slot engines leave gaps).
// Threads: none.
#pragma once

#include "model/ids.h"
#include "port/log_store.h"

#include <cstddef>
#include <vector>

namespace ostraka::replica {

class LogCache {
 public:
  explicit LogCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Replaces what was at this index; then evicts from the front while over the bound.
  void put(port::LogEntry entry);
  // Drops everything from `from` on.
  void truncate(model::LogIndex from);
  void clear();
  // Forgets the entries up to `index`.
  void drop_upto(model::LogIndex index);
  // Entries at or behind `index` are not evicted. Only the put() after it, or trim(), evicts.
  void pin_from(model::LogIndex index) { pinned_from_ = index; }
  // Evicts from the front what is before `before` until at most bytes_max are left.
  void trim(model::LogIndex before, std::size_t bytes_max);
  // Null when it is not kept. Valid until the next change.
  [[nodiscard]] const port::LogEntry* find(model::LogIndex index) const;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t entries() const { return entries_; }

 private:
  struct Slot {
    port::LogEntry entry;
    bool used = false;
  };
  [[nodiscard]] Slot& slot(model::LogIndex index) {
    return slots_[index.value() & (slots_.size() - 1)];
  }
  [[nodiscard]] const Slot& slot(model::LogIndex index) const {
    return slots_[index.value() & (slots_.size() - 1)];
  }
  void cover(model::LogIndex index);
  void release(Slot& slot);
  void pop_front();

  std::size_t bytes_max_;
  std::vector<Slot> slots_;  // a power of two; index modulo size
  model::LogIndex first_;    // [first_, end_) is covered by slots_
  model::LogIndex end_;
  model::LogIndex pinned_from_;
  std::size_t bytes_ = 0;
  std::size_t entries_ = 0;
};

}  // namespace ostraka::replica
