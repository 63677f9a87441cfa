#include "store/internal/checkpointer.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ostraka::store {
namespace {

// While a snapshot is sent the log may pin so many times Options::log_keep_bytes.
constexpr std::uint64_t kSnapshotKeepFactor = 4;
// Free space below so many times what must stay free is looked at this often.
constexpr std::uint64_t kNearFactor = 4;
constexpr base::Duration kNearInterval = base::Duration::milliseconds(20);
// Marks of a history: it is exact to so large a part of it.
constexpr std::uint64_t kHistoryMarks = 8;

}  // namespace

Checkpointer::Checkpointer(Context& context, const SnapshotSender& sender, OnFailed on_failed,
                           OnReopened on_reopened)
    : context_(context),
      sender_(sender),
      on_failed_(std::move(on_failed)),
      on_reopened_(std::move(on_reopened)),
      timer_(context.environment().executor.make_timer([this] { tick(); })),
      alive_(std::make_shared<bool>(true)) {}

Checkpointer::~Checkpointer() { *alive_ = false; }

void Checkpointer::add(model::ShardId shard, model::LogIndex flushed) {
  shards_[shard] = Shard{flushed, flushed, {}, {}};
}

void Checkpointer::start() {
  Environment& environment = context_.environment();
  flushed_at_ = environment.executor.now();
  log_bytes_at_flush_ = environment.log.stats().bytes_written;
  const port::EngineStats engine = environment.engine.stats();
  engine_epoch_ = engine.epoch;
  const std::uint64_t share = context_.options().disk_reserve_share;
  const std::uint64_t own = engine.disk_bytes + environment.log.stats().live_bytes;
  const std::uint64_t free = environment.files.free_bytes().value_or(0);
  space_.reserve = std::min(context_.options().disk_reserve_bytes, free / share + own / share);
  space_.reserve = std::max(space_.reserve, context_.options().disk_reserve_least);
  history_bytes_ = std::min(context_.options().log_history_bytes,
                            (free + own) / context_.options().log_history_share);
  timer_->arm(flushed_at_ + context_.options().housekeeping_interval);
}

void Checkpointer::stop() {
  stopped_ = true;
  timer_->disarm();
}

void Checkpointer::flush(OnDone on_done) {
  waiting_.push_back(std::move(on_done));
  if (!flushing_) {
    begin_flush();
  }
}

void Checkpointer::set_flushed(model::ShardId shard, model::LogIndex index) {
  Shard& state = shards_[shard];
  state.flushed = std::max(state.flushed, index);
  state.compacted = std::max(state.compacted, index);
}

void Checkpointer::tick() {
  const base::Instant now = context_.environment().executor.now();
  const port::EngineStats stats = context_.environment().engine.stats();
  watch_space(stats);
  if (now >= work_at_) {
    work(now, stats);
    work_at_ = now + context_.options().housekeeping_interval;
  } else if (!flushing_ && space_.flush_due) {
    begin_flush();
  }
  timer_->arm(space_.near ? std::min(now + kNearInterval, work_at_) : work_at_);
}

void Checkpointer::work(base::Instant now, const port::EngineStats& stats) {
  if (stats.epoch != engine_epoch_ && on_reopened_()) {
    engine_epoch_ = stats.epoch;
  }
  for (auto& [id, shard] : shards_) {
    if (replica::Replica* replica = context_.find(id); replica != nullptr) {
      replica->set_write_stalled(stats.write_stalled);
    }
  }
  if (!flushing_ && (stats.write_stalled || space_.flush_due || is_due(now))) {
    begin_flush();
  } else {
    // Followers catch up between checkpoints.
    for (auto& [id, shard] : shards_) {
      compact(id, shard);
    }
  }
}

void Checkpointer::watch_file_system(const port::EngineStats& stats) {
  const base::Result<std::uint64_t> free = context_.environment().files.free_bytes();
  if (!free.has_value()) {
    return;
  }
  const std::uint64_t needed = space_.reserve + stats.memory_bytes;
  // A little more than was missing must have come back.
  const bool low =
      *free < needed + (space_.left != replica::Space::enough ? space_.reserve / 4 : 0);
  // Removals may use half of the reserve.
  const bool out = *free < needed - space_.reserve / 2;
  const replica::Space left = out   ? replica::Space::out
                              : low ? replica::Space::low
                                    : replica::Space::enough;
  space_.near = *free < kNearFactor * needed;
  if (std::exchange(space_.left, left) == left) {
    return;
  }
  for (auto& [id, shard] : shards_) {
    if (replica::Replica* replica = context_.find(id); replica != nullptr) {
      replica->set_space(left);
    }
  }
}

void Checkpointer::watch_space(const port::EngineStats& stats) {
  watch_file_system(stats);
  const bool full = std::ranges::any_of(shards_, [this](const auto& shard) {
    const replica::Replica* replica = context_.find(shard.first);
    return replica != nullptr && replica->disk_full();
  });
  if (std::exchange(space_.full, full) != full) {
    space_.flush_due = full;
  }
}

bool Checkpointer::is_due(base::Instant now) {
  const std::uint64_t written = context_.environment().log.stats().bytes_written;
  if (written - log_bytes_at_flush_ >= context_.options().checkpoint_log_bytes) {
    return true;
  }
  if (now - flushed_at_ < context_.options().checkpoint_age) {
    return false;
  }
  for (const auto& [id, shard] : shards_) {
    const replica::Replica* replica = context_.find(id);
    if (replica != nullptr && replica->applied() > shard.flushed) {
      return true;
    }
  }
  return false;
}

void Checkpointer::begin_flush() {
  flushing_ = true;
  space_.flush_due = false;
  std::swap(running_, waiting_);
  Environment& environment = context_.environment();
  flushed_at_ = environment.executor.now();
  log_bytes_at_flush_ = environment.log.stats().bytes_written;
  const bool loaded = environment.engine.stats().epoch == engine_epoch_;
  for (auto& [id, shard] : shards_) {
    // A replica that has not loaded its state again since the engine was reopened has applied what
    // this flush will not hold.
    replica::Replica* replica = loaded ? context_.find(id) : nullptr;
    shard.flushing = replica == nullptr ? shard.flushed : replica->write_out();
  }
  environment.engine.flush([this, alive = alive_](base::Status status) {
    if (*alive) {
      on_flushed(std::move(status));
    }
  });
}

void Checkpointer::on_flushed(base::Status status) {
  flushing_ = false;
  if (status.has_value()) {
    ++completed_;
    for (auto& [id, shard] : shards_) {
      shard.flushed = std::max(shard.flushed, shard.flushing);
      mark(shard);
      compact(id, shard);
    }
  } else {
    on_failed_(status.error());
  }
  std::vector<OnDone> done;
  std::swap(done, running_);
  for (OnDone& on_done : done) {
    on_done(status);
  }
  if (!waiting_.empty() && !flushing_) {
    begin_flush();
  }
}

void Checkpointer::mark(Shard& shard) const {
  if (history_bytes_ > 0 &&
      (shard.marks.empty() ||
       log_bytes_at_flush_ - shard.marks.back().written >= history_bytes_ / kHistoryMarks)) {
    shard.marks.push_back({shard.flushed, log_bytes_at_flush_});
  }
}

model::LogIndex Checkpointer::history_end(Shard& shard) const {
  if (history_bytes_ == 0) {
    return shard.flushed;
  }
  const std::uint64_t written = context_.environment().log.stats().bytes_written;
  while (shard.marks.size() > 1 && written - shard.marks[1].written >= history_bytes_) {
    shard.marks.pop_front();
  }
  const bool far = !shard.marks.empty() && written - shard.marks.front().written >= history_bytes_;
  return far ? shard.marks.front().index : model::LogIndex(0);
}

// Keeps what the checkpoint does not cover, a margin and some history behind it, and what a live
// follower or the receiver of a snapshot needs next, within a bound of log bytes.
void Checkpointer::compact(model::ShardId id, Shard& shard) {
  replica::Replica* replica = context_.find(id);
  if (replica == nullptr || stopped_) {
    return;
  }
  const Options& options = context_.options();
  const std::uint64_t keep = space_.full ? 0 : options.log_keep_entries;
  model::LogIndex upto(shard.flushed.value() > keep ? shard.flushed.value() - keep : 0);
  upto = std::min(upto, replica->protocol().trim_limit());
  if (upto <= shard.compacted) {
    return;
  }
  const std::uint64_t pinned = context_.environment().log.pinned_bytes(id);
  if (!space_.full && pinned <= options.log_keep_bytes) {
    upto = std::min(upto, history_end(shard));
  }
  if (replica->leads() && pinned <= options.log_keep_bytes) {
    const protocol::ProtocolStatus status = replica->protocol().status();
    for (const protocol::PeerStatus& peer : status.peers) {
      if (peer.recently_active && !peer.needs_snapshot && peer.id != options.self) {
        upto = std::min(upto, peer.match);
      }
    }
  }
  // Else the receiver would need another snapshot as soon as it has this one.
  const std::optional<model::LogIndex> sending = sender_.lowest(id);
  if (sending.has_value() && pinned <= kSnapshotKeepFactor * options.log_keep_bytes) {
    upto = std::min(upto, *sending);
  }
  if (upto > shard.compacted) {
    shard.compacted = upto;
    replica->compact_log(upto);
  }
}

}  // namespace ostraka::store
