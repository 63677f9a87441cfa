// Forming, writing and completing batches.
#include "base/assert.h"
#include "wal/internal/log_stream.h"

#include <algorithm>
#include <utility>

namespace ostraka::wal {
namespace {

constexpr std::uint64_t kReserveMax = 64U << 10;
constexpr unsigned kFirstStreamLane = 2;

}  // namespace

bool LogStream::has_work() const {
  return flags_.want_batch || !queues_.urgent.empty() || !queues_.bulk.empty();
}

std::uint64_t LogStream::overhead_bytes() const {
  return codec::kBatchHeaderBytes + codec::kLogSectorBytes +
         moved_starts_.size() * codec::log_record_bytes_max(0);
}

void LogStream::form_batch() {
  if (flight_.active || flags_.failed || !has_work()) {
    return;
  }
  const std::uint64_t next = !queues_.urgent.empty() ? queues_.urgent.front().bytes
                             : !queues_.bulk.empty() ? queues_.bulk.front().bytes
                                                     : 0;
  const auto room = [this] { return segments_.back().file->bytes - segments_.back().end; };
  const bool fits =
      flags_.writable && overhead_bytes() + next + segments_.back().reserve() <= room();
  const bool normal = fits || open_segment(next);
  if (!normal && (!flags_.writable || overhead_bytes() > room())) {
    return;  // the pool says when there is a segment
  }
  const std::uint64_t limit = normal ? room() - segments_.back().reserve() : room();
  io_->batch.start();
  if (segments_.back().batches == 0) {
    add_states();
  } else {
    add_compactions();
  }
  std::size_t taken = 0;
  take_from(queues_.urgent, limit, taken);
  if (normal) {
    take_from(queues_.bulk, limit, taken);
  }
  if (taken > 0 || flags_.want_batch) {
    submit();
  }
}

bool LogStream::open_segment(std::uint64_t bytes) {
  const std::uint64_t content =
      overhead_bytes() + shards_.size() * codec::log_record_bytes_max(0) + bytes;
  // Leaves the reserve, which is at most a sixteenth of the file.
  const std::uint64_t needed =
      content + std::min(kReserveMax, content / 15 + codec::kLogSectorBytes);
  std::shared_ptr<SegmentFile> file = pool_.take(needed);
  if (file == nullptr) {
    if (pool_.is_full()) {
      tell_space(true);
    }
    return false;
  }
  Segment segment;
  segment.file = std::move(file);
  segment.generation = next_generation_++;
  if (!segments_.empty()) {
    segment.previous_generation = segments_.back().generation;
    segment.previous_batches = segments_.back().batches;
  }
  segments_.push_back(std::move(segment));
  flags_.writable = true;
  return true;
}

// The first batch of a segment says everything that would otherwise pin older ones.
void LogStream::add_states() {
  for (const auto& [shard, state] : shards_) {
    if (state.log.is_blank()) {
      continue;
    }
    record_.type = codec::LogRecordType::state;
    if (options_.mutant == Mutant::vote_collected_with_segment) {
      record_.type = codec::LogRecordType::compact;
    }
    record_.shard = shard;
    record_.start = state.log.start();
    record_.start_term = state.log.start_term();
    record_.hard_state = state.log.hard_state();
    io_->batch.add(record_);
  }
}

void LogStream::add_compactions() {
  for (const model::ShardId shard : moved_starts_) {
    const ShardLog& log = state_of(shard).log;
    record_.type = codec::LogRecordType::compact;
    record_.shard = shard;
    record_.start = log.start();
    record_.start_term = log.start_term();
    io_->batch.add(record_);
  }
}

void LogStream::take_from(std::deque<Pending>& queue, std::uint64_t limit, std::size_t& taken) {
  while (!queue.empty()) {
    const std::uint64_t bytes = io_->batch.bytes() + queue.front().bytes;
    if (bytes > limit || (taken > 0 && bytes > options_.max_batch_bytes)) {
      return;
    }
    Pending pending = std::move(queue.front());
    queue.pop_front();
    if (&queue == &queues_.bulk) {
      --state_of(pending.shard).bulk_waiting;
    }
    put_in_batch(pending);
    ++taken;
  }
}

void LogStream::put_in_batch(Pending& pending) {
  ShardState& shard = state_of(pending.shard);
  queues_.in_flight += pending.bytes;
  ++shard.formed;
  if (!shard.in_flight) {
    shard.in_flight = true;
    flight_.shards.push_back(&shard);
  }
  record_.shard = pending.shard;
  record_.truncate_from = pending.write.truncate_from;
  record_.hard_state = pending.write.hard_state;
  record_.start = pending.start;
  record_.start_term = pending.start_term;
  switch (pending.kind) {
    case Kind::write:
      record_.type = codec::LogRecordType::write;
      shard.formed_cookie = pending.cookie;
      break;
    case Kind::reset:
      record_.type = codec::LogRecordType::reset;
      shard.formed_cookie = pending.cookie;
      break;
    case Kind::start_behind:
      record_.type = codec::LogRecordType::compact;
      shard.formed_cookie = pending.cookie;
      break;
    case Kind::copy:
      record_.type = codec::LogRecordType::copy;
      ++flight_.copies;
      drop_moved(pending, shard.log);
      if (pending.write.entries.empty()) {
        return;
      }
      break;
  }
  std::uint64_t offset = segments_.back().end + io_->batch.payload_offset();
  io_->batch.add(format_, record_, pending.write.entries);
  apply_record(record_, segments_.back().generation, offset, shard.log);
}

// Of what was read to be copied, keeps what is still where it was read.
void LogStream::drop_moved(Pending& pending, const ShardLog& log) {
  std::vector<port::LogEntry>& entries = pending.write.entries;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const IndexedEntry* const now = log.find(entries[i].meta.index);
    if (now != nullptr && now->is_at(pending.sources[i])) {
      if (kept != i) {
        entries[kept] = std::move(entries[i]);
      }
      ++kept;
    }
  }
  entries.resize(kept);
}

void LogStream::submit() {
  flags_.want_batch = false;
  moved_starts_.clear();
  Segment& segment = segments_.back();
  codec::BatchHeader header;
  header.stream = format_.stream;
  header.identity = format_.identity;
  header.position = {segment.generation, segment.batches};
  header.previous_generation = segment.previous_generation;
  header.previous_batches = segment.previous_batches;
  header.segment_sectors = static_cast<std::uint32_t>(segment.file->bytes / codec::kLogSectorBytes);
  if (segment.batches > 0) {
    header.durable_upto = {segment.generation, segment.batches - 1};
  } else if (segment.previous_generation != 0) {
    header.durable_upto = {segment.previous_generation, segment.previous_batches - 1};
  }
  header.floor = live_->lowest(segment.generation);
  flight_.floor = header.floor;
  flight_.active = true;
  flags_.sealed = !io_->batch.has_records();
  const std::uint64_t bytes = io_->batch.finish(format_, header);
  OSTRAKA_ASSERT(bytes <= segment.file->bytes - segment.end, "a batch stays inside its segment");
  io_->file = segment.file;
  io_->write.file = segment.file->writer.get();
  io_->write.offset = segment.end;
  io_->write.pieces = io_->batch.pieces();
  segment.end += bytes;
  ++segment.batches;
  counters_.bytes_written += bytes;
  start_io();
}

void LogStream::start_io() {
  executor_.write_durably(options_.first_lane + kFirstStreamLane + format_.stream, io_->write,
                          [this, io = io_, alive = alive_] {
                            if (*alive) {
                              finish_io();
                            }
                          });
}

void LogStream::finish_io() {
  if (flags_.failed) {
    return;
  }
  const base::Status& status = io_->write.status;
  if (status.has_value() || (options_.mutant == Mutant::sync_error_ignored &&
                             status.error().code == base::ErrorCode::io_error)) {
    ++counters_.syncs;
    timers_.backoff = options_.retry_min;
    complete_batch();
    return;
  }
  // Nothing of a batch that could not be written has been promised: the same bytes go to the same
  // place once there is space. Any other failure leaves nothing to be sure of.
  if (status.error().code == base::ErrorCode::disk_full) {
    tell_space(true);
    timers_.retry->arm(executor_.now() + timers_.backoff);
    timers_.backoff = std::min(timers_.backoff * 2, options_.retry_max);
    return;
  }
  fail(status.error());
}

void LogStream::complete_batch() {
  flight_.active = false;
  io_->batch.release();
  queues_.bytes -= std::exchange(queues_.in_flight, 0);
  queues_.copies -= std::exchange(flight_.copies, 0);
  release_segments(flight_.floor);
  tell_durable();
  if (flags_.full_told && !pool_.is_full()) {
    tell_space(false);
  }
  resume_reads();
  arm_seal();
  maybe_collect();
  if (has_work()) {
    schedule_form();
  }
}

void LogStream::tell_durable() {
  // Listeners may append, which touches neither list.
  for (ShardState* const shard : flight_.shards) {
    shard->in_flight = false;
    shard->completed = shard->formed;
  }
  for (ShardState* const shard : flight_.shards) {
    if (shard->listener != nullptr && shard->formed_cookie != shard->told_cookie) {
      shard->told_cookie = shard->formed_cookie;
      shard->listener->on_durable(shard->formed_cookie);
    }
  }
  flight_.shards.clear();
}

void LogStream::fail(const base::Error& error) {
  if (!flags_.failed) {
    flags_.failed = true;
    on_fatal_(error);
  }
}

}  // namespace ostraka::wal
