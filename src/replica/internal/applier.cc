#include "replica/internal/applier.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ostraka::replica {
namespace {

// A busy engine is asked again after this.
constexpr base::Duration kBusyRetry = base::Duration::milliseconds(20);
// A failed engine has this long to be reopened.
constexpr base::Duration kReopenPatience = base::Duration::seconds(10);

}  // namespace

Applier::Applier(const Environment& environment)
    : env_(environment),
      run_later_(environment.executor, [this] { run(); }),
      retry_(environment.executor.make_timer([this] { run(); })),
      give_up_(environment.executor.make_timer([this] {
        if (suspended_by_.has_value()) {
          fail(*suspended_by_);
        }
      })) {}

void Applier::advance(model::LogIndex index) {
  if (index > target_) {
    target_ = index;
    run_later_.post();
  }
}

void Applier::pause() {
  OSTRAKA_ASSERT(!applying_, "the state is not replaced inside an apply");
  paused_ = true;
  reading_ = false;
  ++read_epoch_;
}

void Applier::resume() {
  paused_ = false;
  suspended_ = false;
  suspended_by_.reset();
  give_up_->disarm();
  run_later_.post();
}

void Applier::run() {
  if (paused_ || suspended_ || reading_ || error_.has_value()) {
    return;
  }
  const model::LogIndex first = env_.state_machine.applied().next();
  batch_.clear();
  std::size_t bytes = 0;
  for (model::LogIndex index = first;
       index <= target_ && batch_.size() < env_.options.apply_entries_per_turn;
       index = index.next()) {
    const port::LogEntry* entry = env_.cache.find(index);
    if (entry == nullptr) {
      break;
    }
    if (!batch_.empty() && bytes + entry->payload.size() > env_.options.apply_bytes_per_turn) {
      break;
    }
    bytes += entry->payload.size();
    batch_.push_back(*entry);
  }
  if (!batch_.empty()) {
    apply_batch();
  } else if (first <= target_) {
    read_log(first);
  }
}

void Applier::apply_batch() {
  const model::LogIndex first = batch_.front().meta.index;
  const model::LogIndex last = batch_.back().meta.index;
  applying_ = true;
  const base::Status status = env_.state_machine.apply(batch_, env_.results);
  applying_ = false;
  if (!status.has_value()) {
    on_refused(status.error());
    // Back-pressure may come behind some of the batch.
    const model::LogIndex applied = env_.state_machine.applied();
    if (status.error().code == base::ErrorCode::busy && applied >= first) {
      env_.counters.entries_applied += applied.next() - first;
      env_.observer.on_applied(applied);
    }
    return;
  }
  OSTRAKA_ASSERT(env_.state_machine.applied() == last, "the whole batch is applied");
  env_.counters.entries_applied += batch_.size();
  batch_.clear();  // the payloads may go
  if (last < target_) {
    run_later_.post();
  }
  env_.observer.on_applied(last);
}

void Applier::read_log(model::LogIndex first) {
  reading_ = true;
  ++env_.counters.log_reads;
  env_.log.read(env_.shard, first, target_.next(), env_.options.apply_bytes_per_turn,
                [this, epoch = read_epoch_,
                 alive = guard_.token()](base::Result<std::vector<port::LogEntry>> entries) {
                  if (*alive && epoch == read_epoch_) {
                    on_read(std::move(entries));
                  }
                });
}

void Applier::on_read(base::Result<std::vector<port::LogEntry>> entries) {
  reading_ = false;
  if (!entries.has_value()) {
    fail(entries.error());
    return;
  }
  const model::LogIndex first = env_.state_machine.applied().next();
  model::LogIndex expected = first;
  for (const port::LogEntry& entry : *entries) {
    if (entry.meta.index != expected) {
      break;
    }
    expected = expected.next();
  }
  const std::size_t usable = expected - first;
  if (usable == 0) {
    fail({base::ErrorCode::corruption, "a committed entry is missing from the log"});
    return;
  }
  batch_ = *std::move(entries);
  batch_.resize(usable);
  apply_batch();
}

void Applier::on_refused(base::Error error) {
  batch_.clear();
  if (error.code == base::ErrorCode::busy) {
    // What was applied of the batch counts, the rest is tried again.
    retry_->arm(env_.executor.now() + kBusyRetry);
  } else if (error.code == base::ErrorCode::disk_full || error.code == base::ErrorCode::io_error) {
    // The engine reopens itself when it can write again; then the state is loaded again. A full
    // disk may last; another error that lasts is the end.
    suspended_ = true;
    if (error.code == base::ErrorCode::io_error) {
      suspended_by_ = error;
      give_up_->arm(env_.executor.now() + kReopenPatience);
    }
    env_.observer.on_apply_suspended(error);
  } else {
    fail(std::move(error));
  }
}

void Applier::fail(base::Error error) {
  error_ = std::move(error);
  batch_.clear();
  env_.observer.on_apply_failed(*error_);
}

}  // namespace ostraka::replica
