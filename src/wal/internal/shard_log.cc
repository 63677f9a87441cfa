#include "wal/internal/shard_log.h"

#include "base/assert.h"

#include <algorithm>

namespace ostraka::wal {

void LiveTable::add(model::ShardId shard, const IndexedEntry& entry) {
  Use& use = by_generation_[entry.generation];
  use.bytes += entry.disk_bytes();
  ++use.entries[shard];
  bytes_ += entry.disk_bytes();
}

void LiveTable::drop(model::ShardId shard, const IndexedEntry& entry) {
  const auto found = by_generation_.find(entry.generation);
  OSTRAKA_ASSERT(found != by_generation_.end(), "a live entry is counted in its segment");
  Use& use = found->second;
  const auto count = use.entries.find(shard);
  OSTRAKA_ASSERT(count != use.entries.end(), "a live entry is counted for its shard");
  use.bytes -= entry.disk_bytes();
  bytes_ -= entry.disk_bytes();
  if (--count->second == 0) {
    use.entries.erase(count);
  }
  if (use.entries.empty()) {
    OSTRAKA_ASSERT(use.bytes == 0, "no live entries, no live bytes");
    by_generation_.erase(found);
  }
}

std::uint64_t LiveTable::lowest(std::uint64_t otherwise) const {
  return by_generation_.empty() ? otherwise : by_generation_.begin()->first;
}

const LiveTable::Use* LiveTable::find(std::uint64_t generation) const {
  const auto found = by_generation_.find(generation);
  return found == by_generation_.end() ? nullptr : &found->second;
}

ShardLog::Entries::const_iterator ShardLog::lower_bound(model::LogIndex index) const {
  return std::lower_bound(
      entries_.begin(), entries_.end(), index,
      [](const IndexedEntry& entry, model::LogIndex wanted) { return entry.meta.index < wanted; });
}

void ShardLog::account(const IndexedEntry& entry) {
  bytes_ += entry.disk_bytes();
  live_->add(shard_, entry);
}

void ShardLog::unaccount(const IndexedEntry& entry) {
  bytes_ -= entry.disk_bytes();
  live_->drop(shard_, entry);
}

void ShardLog::truncate_from(model::LogIndex index) {
  while (!entries_.empty() && entries_.back().meta.index >= index) {
    unaccount(entries_.back());
    entries_.pop_back();
  }
}

void ShardLog::put(const IndexedEntry& entry) {
  if (entry.meta.index <= start_) {
    return;
  }
  account(entry);
  if (entries_.empty() || entries_.back().meta.index < entry.meta.index) {
    entries_.push_back(entry);
    return;
  }
  const auto at = entries_.begin() + (lower_bound(entry.meta.index) - entries_.cbegin());
  if (at->meta.index == entry.meta.index) {
    unaccount(*at);
    *at = entry;
  } else {
    entries_.insert(at, entry);
  }
}

void ShardLog::compact(model::LogIndex index, model::Term term) {
  if (index <= start_) {
    return;
  }
  while (!entries_.empty() && entries_.front().meta.index <= index) {
    unaccount(entries_.front());
    entries_.pop_front();
  }
  start_ = index;
  start_term_ = term;
}

void ShardLog::reset(model::LogIndex index, model::Term term) {
  truncate_from(model::LogIndex{});
  start_ = index;
  start_term_ = term;
}

const IndexedEntry* ShardLog::find(model::LogIndex index) const {
  const auto at = lower_bound(index);
  return at != entries_.end() && at->meta.index == index ? &*at : nullptr;
}

bool ShardLog::is_blank() const {
  return entries_.empty() && start_.is_none() && hard_state_ == protocol::HardState{};
}

}  // namespace ostraka::wal
