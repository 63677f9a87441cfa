// What a shard's log holds and where on disk: the in-memory index of the write-ahead log.
//
// The same operations serve recovery (records replayed in order) and life (records as they are put
// into batches), so that memory and disk cannot mean different things. Threads: one.
#pragma once

#include "model/ids.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

namespace ostraka::wal {

struct IndexedEntry {
  protocol::EntryMeta meta;
  std::uint64_t checksum = 0;
  std::uint64_t generation = 0;  // of the segment
  std::uint64_t offset = 0;      // of the payload in the segment

  [[nodiscard]] bool is_at(const IndexedEntry& other) const {
    return generation == other.generation && offset == other.offset &&
           meta.index == other.meta.index;
  }
  // What the entry takes on disk, near enough for space decisions.
  [[nodiscard]] std::uint64_t disk_bytes() const { return meta.payload_bytes + 32ULL; }
};

// Which segments hold live entries. Segments below the lowest one are free.
class LiveTable {
 public:
  struct Use {
    std::uint64_t bytes = 0;
    std::map<model::ShardId, std::uint64_t> entries;  // only shards that have some
  };
  void add(model::ShardId shard, const IndexedEntry& entry);
  void drop(model::ShardId shard, const IndexedEntry& entry);
  // Lowest generation with live entries, or `otherwise`.
  [[nodiscard]] std::uint64_t lowest(std::uint64_t otherwise) const;
  // Null when nothing in the segment is live.
  [[nodiscard]] const Use* find(std::uint64_t generation) const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::map<std::uint64_t, Use> by_generation_;
  std::uint64_t bytes_ = 0;
};

class ShardLog {
 public:
  explicit ShardLog(model::ShardId shard, LiveTable& live) : shard_(shard), live_(&live) {}

  void truncate_from(model::LogIndex index);
  // Adds or replaces the entry at its index; entries at or before start() are ignored.
  void put(const IndexedEntry& entry);
  // Drops entries up to `index`. Never moves back.
  void compact(model::LogIndex index, model::Term term);
  // Drops everything; the log starts behind `index`.
  void reset(model::LogIndex index, model::Term term);
  void set_hard_state(const protocol::HardState& state) { hard_state_ = state; }

  [[nodiscard]] const protocol::HardState& hard_state() const { return hard_state_; }
  [[nodiscard]] model::LogIndex start() const { return start_; }
  [[nodiscard]] model::Term start_term() const { return start_term_; }
  [[nodiscard]] const IndexedEntry* find(model::LogIndex index) const;
  // Entries with first <= index < end, in order.
  template <typename Visit>  // bool(const IndexedEntry&): false ends the walk
  void walk(model::LogIndex first, model::LogIndex end, Visit visit) const {
    for (auto it = lower_bound(first); it != entries_.end() && it->meta.index < end; ++it) {
      if (!visit(*it)) {
        return;
      }
    }
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Nothing was ever written.
  [[nodiscard]] bool is_blank() const;

 private:
  using Entries = std::deque<IndexedEntry>;
  [[nodiscard]] Entries::const_iterator lower_bound(model::LogIndex index) const;
  void account(const IndexedEntry& entry);
  void unaccount(const IndexedEntry& entry);

  model::ShardId shard_;
  LiveTable* live_;
  protocol::HardState hard_state_;
  model::LogIndex start_;
  model::Term start_term_;
  Entries entries_;  // rising; gaps are possible for slot engines
  std::uint64_t bytes_ = 0;
};

}  // namespace ostraka::wal
