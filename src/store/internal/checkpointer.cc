#include "store/internal/checkpointer.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ostraka::store {
namespace {

// While a snapshot is sent the log may pin so many times Options::log_keep_bytes.
constexpr std::uint64_t kSnapshotKeepFactor = 4;

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
  shards_[shard] = Shard{flushed, flushed, {}};
}

void Checkpointer::start() {
  Environment& environment = context_.environment();
  flushed_at_ = environment.executor.now();
  log_bytes_at_flush_ = environment.log.stats().bytes_written;
  engine_epoch_ = environment.engine.stats().epoch;
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
  Environment& environment = context_.environment();
  const base::Instant now = environment.executor.now();
  const port::EngineStats stats = environment.engine.stats();
  if (stats.epoch != engine_epoch_ && on_reopened_()) {
    engine_epoch_ = stats.epoch;
  }
  for (auto& [id, shard] : shards_) {
    if (replica::Replica* replica = context_.find(id); replica != nullptr) {
      replica->set_write_stalled(stats.write_stalled);
    }
  }
  if (!flushing_ && (stats.write_stalled || is_due(now))) {
    begin_flush();
  } else {
    // Followers catch up between checkpoints.
    for (auto& [id, shard] : shards_) {
      compact(id, shard);
    }
  }
  timer_->arm(now + context_.options().housekeeping_interval);
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
  std::swap(running_, waiting_);
  Environment& environment = context_.environment();
  flushed_at_ = environment.executor.now();
  log_bytes_at_flush_ = environment.log.stats().bytes_written;
  for (auto& [id, shard] : shards_) {
    const replica::Replica* replica = context_.find(id);
    shard.flushing = replica == nullptr ? shard.flushed : replica->applied();
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

// Keeps what the checkpoint does not cover, a margin behind it, and what a live follower or the
// receiver of a snapshot needs next, within a bound of log bytes.
void Checkpointer::compact(model::ShardId id, Shard& shard) {
  replica::Replica* replica = context_.find(id);
  if (replica == nullptr || stopped_) {
    return;
  }
  const Options& options = context_.options();
  model::LogIndex upto(shard.flushed.value() > options.log_keep_entries
                           ? shard.flushed.value() - options.log_keep_entries
                           : 0);
  if (upto <= shard.compacted) {
    return;
  }
  const std::uint64_t pinned = context_.environment().log.pinned_bytes(id);
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
