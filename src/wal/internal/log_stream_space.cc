// Space: floors, collection, full disks, seals.
#include "base/assert.h"
#include "wal/internal/log_stream.h"

#include <algorithm>
#include <utility>

namespace ostraka::wal {

void LogStream::release_segments(std::uint64_t floor) {
  while (segments_.size() > 1 && segments_.front().generation < floor) {
    OSTRAKA_ASSERT(live_->find(segments_.front().generation) == nullptr,
                   "a segment below a durable floor holds nothing live");
    std::shared_ptr<SegmentFile> file = std::move(segments_.front().file);
    segments_.pop_front();
    flags_.collection_stuck = false;
    pool_.give_back(std::move(file));
  }
}

// Writes a batch for the sake of its floor when that frees a segment.
void LogStream::want_floor() {
  if (segments_.empty()) {
    return;
  }
  const std::uint64_t next = flags_.writable ? segments_.back().generation : next_generation_;
  if (live_->lowest(next) > segments_.front().generation) {
    flags_.want_batch = true;
    schedule_form();
  }
}

void LogStream::maybe_collect() {
  const bool busy = flags_.reading_copies || queues_.copies > 0 || flags_.collection_stuck;
  if (busy || !flags_.writable || segments_.size() < 2 || pool_.is_full()) {
    return;
  }
  std::uint64_t used = 0;
  for (const Segment& segment : segments_) {
    used += segment.file->bytes;
  }
  if (used <= 2 * live_->bytes() + options_.slack_segments * pool_.segment_bytes()) {
    return;
  }
  const Segment& oldest = segments_.front();
  const LiveTable::Use* const use = live_->find(oldest.generation);
  if (use == nullptr) {
    want_floor();
    return;
  }
  const std::uint64_t portion = std::min(options_.max_batch_bytes, pool_.segment_bytes() / 4);
  std::uint64_t bytes = 0;
  std::vector<EntryToRead> wanted;
  std::vector<model::ShardId> owners;
  for (const auto& [shard, count] : use->entries) {
    state_of(shard).log.walk(model::LogIndex{}, model::LogIndex{UINT64_MAX},
                             [&, owner = shard](const IndexedEntry& entry) {
                               if (entry.generation == oldest.generation && bytes < portion) {
                                 wanted.push_back({entry, oldest.file});
                                 owners.push_back(owner);
                                 bytes += entry.disk_bytes();
                               }
                               return bytes < portion;
                             });
  }
  read_copies(wanted, owners);
}

void LogStream::read_copies(const std::vector<EntryToRead>& wanted,
                            const std::vector<model::ShardId>& owners) {
  flags_.reading_copies = true;
  run_read(wanted, [this, wanted, owners](base::Result<std::vector<port::LogEntry>> entries) {
    flags_.reading_copies = false;
    if (!entries.has_value()) {
      // It stays where it is and keeps its segment; whoever reads it gets the error.
      flags_.collection_stuck = true;
      return;
    }
    enqueue_copies(wanted, owners, *std::move(entries));
  });
}

void LogStream::enqueue_copies(const std::vector<EntryToRead>& wanted,
                               const std::vector<model::ShardId>& owners,
                               std::vector<port::LogEntry> entries) {
  for (std::size_t i = 0; i < entries.size();) {
    Pending pending;
    pending.kind = Kind::copy;
    pending.shard = owners[i];
    std::uint64_t bytes = 0;
    for (; i < entries.size() && owners[i] == pending.shard; ++i) {
      bytes += entries[i].payload.size();
      pending.sources.push_back(wanted[i].entry);
      pending.write.entries.push_back(std::move(entries[i]));
    }
    pending.bytes = bytes + codec::log_record_bytes_max(pending.sources.size());
    ++queues_.copies;
    enqueue(std::move(pending));
  }
}

void LogStream::on_pool_change() {
  if (pool_.is_full()) {
    tell_space(true);
  }
  if (has_work()) {
    schedule_form();
  }
}

void LogStream::tell_space(bool full) {
  if (std::exchange(flags_.full_told, full) == full) {
    return;
  }
  for (const auto& [id, shard] : shards_) {
    if (shard.listener != nullptr) {
      shard.listener->on_space(full);
    }
  }
}

void LogStream::arm_seal() {
  timers_.last_write = executor_.now();
  if (!flags_.sealed && !flags_.seal_armed) {
    flags_.seal_armed = true;
    timers_.seal->arm(timers_.last_write + options_.seal_after);
  }
}

void LogStream::on_seal_timer() {
  flags_.seal_armed = false;
  if (flags_.sealed || flags_.failed || flight_.active || has_work()) {
    return;  // the batch to come arms it again
  }
  const base::Instant due = timers_.last_write + options_.seal_after;
  if (executor_.now() < due) {
    flags_.seal_armed = true;
    timers_.seal->arm(due);
    return;
  }
  flags_.want_batch = true;
  schedule_form();
}

}  // namespace ostraka::wal
