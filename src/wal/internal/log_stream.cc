#include "wal/internal/log_stream.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace ostraka::wal {
namespace {

constexpr std::uint64_t kSegmentBytesMin = 64U << 10;
constexpr std::uint64_t kShareOfDisk = 16;
constexpr unsigned kBackgroundLane = 0;

// The wanted size, or what a small disk can bear; whole sectors, and the same again after a restart
// with a little less space.
base::Result<std::uint64_t> fitting_segment_bytes(port::FileSystem& files, std::uint64_t wanted) {
  OSTRAKA_ASSIGN(const std::uint64_t free, files.free_bytes());
  const std::uint64_t bearable = std::bit_floor(free / kShareOfDisk);
  const std::uint64_t bytes = std::min(wanted, std::max(bearable, kSegmentBytesMin));
  return (bytes + codec::kLogSectorBytes - 1) / codec::kLogSectorBytes * codec::kLogSectorBytes;
}

std::uint64_t bytes_in_batch(const port::LogWrite& write) {
  std::uint64_t bytes = codec::log_record_bytes_max(write.entries.size());
  for (const port::LogEntry& entry : write.entries) {
    bytes += entry.payload.size();
  }
  return bytes;
}

}  // namespace

LogStream::LogStream(Setup setup, SegmentPool::Settings pool)
    : files_(setup.files),
      executor_(setup.executor),
      options_(setup.options),
      format_(pool.format),
      on_fatal_(std::move(setup.on_fatal)),
      pool_(setup.files, setup.executor, std::move(pool),
            {[this] { on_pool_change(); }, [this](const base::Error& error) { fail(error); }}) {
  timers_.seal = executor_.make_timer([this] { on_seal_timer(); });
  timers_.retry = executor_.make_timer([this] { start_io(); });
  timers_.backoff = options_.retry_min;
}

LogStream::~LogStream() { *alive_ = false; }

base::Result<std::unique_ptr<LogStream>> LogStream::open(Setup setup) {
  const std::string folder = fmt::format("{}/{}", setup.options.folder, setup.stream);
  OSTRAKA_TRY(setup.files.make_directory(folder));
  OSTRAKA_TRY(setup.files.sync_directory("."));
  OSTRAKA_TRY(setup.files.sync_directory(setup.options.folder));
  const StreamFormat format{setup.options.identity, setup.stream, setup.options.mutant};
  OSTRAKA_ASSIGN(RecoveredStream recovered, recover_stream(setup.files, folder, format));
  OSTRAKA_ASSIGN(const std::uint64_t segment_bytes,
                 fitting_segment_bytes(setup.files, setup.options.segment_bytes));
  const Options& options = setup.options;
  SegmentPool::Settings pool{.folder = folder,
                             .format = format,
                             .segment_bytes = segment_bytes,
                             .spares = options.spare_segments,
                             .lane = options.first_lane + kBackgroundLane,
                             .retry_min = options.retry_min,
                             .retry_max = options.retry_max};
  std::unique_ptr<LogStream> stream(new LogStream(std::move(setup), std::move(pool)));
  OSTRAKA_TRY(stream->adopt(std::move(recovered), folder));
  return stream;
}

// A process may have died between a write and its sync, or of a sync that failed: what was read is
// made durable before anyone builds on it, and before files that it declares free are touched. That
// is the last batch only. A sync alone does nothing where one has failed before: the pages pass for
// clean.
base::Status LogStream::write_again(const Segment& segment, std::uint64_t offset) {
  std::string bytes(segment.end - offset, '\0');
  OSTRAKA_ASSIGN(const std::size_t count, segment.file->reader->read_at(offset, bytes));
  bytes.resize(count);
  OSTRAKA_ASSIGN(const auto file, files_.open(segment.file->path, port::OpenMode::read_write));
  const base::ByteView piece = bytes;
  return file->write_durably_at(offset, {&piece, 1});
}

base::Status LogStream::adopt(RecoveredStream recovered, const std::string& folder) {
  if (!recovered.chain.empty()) {
    OSTRAKA_TRY(write_again(recovered.chain.back(), recovered.last_batch));
  }
  for (const FreeFile& file : recovered.free) {
    OSTRAKA_TRY(pool_.adopt(file.path, file.bytes));
  }
  OSTRAKA_TRY(files_.sync_directory(folder));
  live_ = std::move(recovered.live);
  for (auto& [shard, log] : recovered.shards) {
    shards_.emplace(shard, ShardState(std::move(log)));
  }
  segments_.assign(std::make_move_iterator(recovered.chain.begin()),
                   std::make_move_iterator(recovered.chain.end()));
  next_generation_ = recovered.next_generation;
  pool_.set_next_number(recovered.next_file_number);
  if (pool_.spare_bytes() == 0) {
    OSTRAKA_TRY(pool_.prepare_now(std::min(options_.initial_segment_bytes, pool_.segment_bytes())));
  }
  pool_.top_up();
  flags_.sealed = recovered.sealed;
  if (!flags_.sealed) {
    arm_seal();
  }
  return {};
}

base::Result<port::RecoveredLog> LogStream::take_recovered(model::ShardId shard) {
  port::RecoveredLog out;
  const auto found = shards_.find(shard);
  if (found == shards_.end()) {
    return out;
  }
  const ShardLog& log = found->second.log;
  out.hard_state = log.hard_state();
  out.start = log.start();
  out.start_term = log.start_term();
  std::vector<EntryToRead> wanted;
  wanted.reserve(log.size());
  log.walk(model::LogIndex{}, model::LogIndex{UINT64_MAX}, [&](const IndexedEntry& entry) {
    wanted.push_back({entry, file_of(entry.generation)});
    return true;
  });
  OSTRAKA_ASSIGN(out.entries, read_entries(files_, options_.identity, wanted));
  return out;
}

std::vector<model::ShardId> LogStream::shards() const {
  std::vector<model::ShardId> out;
  for (const auto& [shard, state] : shards_) {
    if (!state.log.is_blank()) {
      out.push_back(shard);
    }
  }
  return out;
}

LogStream::ShardState& LogStream::state_of(model::ShardId shard) {
  const auto found = shards_.find(shard);
  if (found != shards_.end()) {
    return found->second;
  }
  return shards_.emplace(shard, ShardState(ShardLog(shard, *live_))).first->second;
}

void LogStream::attach(model::ShardId shard, port::DurableListener& listener) {
  state_of(shard).listener = &listener;
  if (flags_.full_told) {
    executor_.post([this, alive = alive_, &listener] {
      if (*alive && flags_.full_told) {
        listener.on_space(true);
      }
    });
  }
}

void LogStream::append(model::ShardId shard, std::uint64_t cookie, port::LogWrite write) {
  Pending pending;
  pending.shard = shard;
  pending.cookie = cookie;
  pending.bytes = bytes_in_batch(write);
  pending.write = std::move(write);
  enqueue(std::move(pending));
}

void LogStream::reset(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                      model::Term term, const protocol::HardState& hard_state) {
  Pending pending;
  pending.kind = Kind::reset;
  pending.shard = shard;
  pending.cookie = cookie;
  pending.start = index;
  pending.start_term = term;
  pending.write.hard_state = hard_state;
  pending.bytes = codec::log_record_bytes_max(0);
  enqueue(std::move(pending));
}

void LogStream::start_behind(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                             model::Term term) {
  Pending pending;
  pending.kind = Kind::start_behind;
  pending.shard = shard;
  pending.cookie = cookie;
  pending.start = index;
  pending.start_term = term;
  pending.bytes = codec::log_record_bytes_max(0);
  enqueue(std::move(pending));
}

void LogStream::enqueue(Pending pending) {
  ShardState& shard = state_of(pending.shard);
  const port::LogWrite& write = pending.write;
  model::LogIndex touches{UINT64_MAX};
  if (!write.entries.empty()) {
    touches = write.entries.front().meta.index;
  }
  if (write.truncate_from.has_value()) {
    touches = std::min(touches, *write.truncate_from);
  }
  if (pending.kind == Kind::reset || pending.kind == Kind::start_behind) {
    touches = {};
  }
  shard.unsettled_from =
      shard.enqueued == shard.completed ? touches : std::min(shard.unsettled_from, touches);
  ++shard.enqueued;
  queues_.bytes += pending.bytes;
  const bool state_alone = pending.kind == Kind::write && touches == model::LogIndex{UINT64_MAX};
  if (state_alone && shard.bulk_waiting == 0) {
    queues_.urgent.push_back(std::move(pending));
  } else {
    ++shard.bulk_waiting;
    queues_.bulk.push_back(std::move(pending));
  }
  schedule_form();
}

void LogStream::schedule_form() {
  if (flight_.active || flags_.form_scheduled || flags_.failed) {
    return;
  }
  flags_.form_scheduled = true;
  executor_.post_end_of_turn([this, alive = alive_] {
    if (*alive) {
      flags_.form_scheduled = false;
      form_batch();
    }
  });
}

void LogStream::compact(model::ShardId shard, model::LogIndex index, model::Term term) {
  ShardState& state = state_of(shard);
  if (index <= state.log.start()) {
    return;
  }
  state.log.compact(index, term);
  moved_starts_.insert(shard);
  want_floor();
}

std::uint64_t LogStream::pinned_bytes(model::ShardId shard) const {
  const auto found = shards_.find(shard);
  return found == shards_.end() ? 0 : found->second.log.bytes();
}

void LogStream::add_stats(port::LogStoreStats& stats) const {
  stats.syncs += counters_.syncs;
  stats.bytes_written += counters_.bytes_written;
  stats.segments += segments_.size();
  for (const Segment& segment : segments_) {
    stats.live_bytes += segment.file->bytes;
  }
  stats.queued_bytes += queues_.bytes;
}

}  // namespace ostraka::wal
