// A log store for tests: what is durable survives in a Disk; writes become durable in order, when
// the executor has run a job, or when the test says so.
#pragma once

#include "base/assert.h"
#include "port/executor.h"
#include "port/log_store.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace ostraka::replica::testing {

class TestLog final : public port::LogStore {
 public:
  struct ShardOnDisk {
    protocol::HardState hard_state;
    model::LogIndex start;
    model::Term start_term;
    std::map<model::LogIndex, port::LogEntry> entries;
  };
  using Disk = std::map<model::ShardId, ShardOnDisk>;

  TestLog(port::Executor& executor, Disk& disk) : executor_(executor), disk_(disk) {}
  ~TestLog() override { *alive_ = false; }

  // Writes stay queued until complete().
  void set_manual(bool manual) { manual_ = manual; }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  // Makes the `count` oldest writes durable and tells the listeners.
  void complete(std::size_t count) {
    for (std::size_t i = 0; i < count && !queue_.empty(); ++i) {
      const Write write = take_first();
      listeners_.at(write.shard)->on_durable(write.cookie);
    }
  }
  void set_space(model::ShardId shard, bool full) { listeners_.at(shard)->on_space(full); }
  // A read of a shard waits until this is false again.
  void hold_reads(bool hold) {
    hold_reads_ = hold;
    while (!hold_reads_ && !held_reads_.empty()) {
      port::Closure read = std::move(held_reads_.front());
      held_reads_.pop_front();
      read();
    }
  }

  base::Result<port::RecoveredLog> take_recovered(model::ShardId shard) override {
    const ShardOnDisk& found = disk_[shard];
    port::RecoveredLog log;
    log.hard_state = found.hard_state;
    log.start = found.start;
    log.start_term = found.start_term;
    for (const auto& [index, entry] : found.entries) {
      log.entries.push_back(entry);
    }
    return log;
  }
  std::vector<model::ShardId> shards() const override {
    std::vector<model::ShardId> shards;
    for (const auto& [shard, on_disk] : disk_) {
      if (on_disk.hard_state != protocol::HardState{} || !on_disk.start.is_none()) {
        shards.push_back(shard);
      }
    }
    return shards;
  }
  void attach(model::ShardId shard, port::DurableListener& listener) override {
    listeners_[shard] = &listener;
  }
  void append(model::ShardId shard, std::uint64_t cookie, port::LogWrite write) override {
    OSTRAKA_ASSERT(cookie > cookies_[shard], "cookies rise");
    cookies_[shard] = cookie;
    bytes_written_ += 64;
    for (const port::LogEntry& entry : write.entries) {
      bytes_written_ += entry.payload.size() + 32;
    }
    queue_.push_back({shard, cookie, std::move(write), Kind::write, {}, {}});
    sync_later();
  }
  void read(model::ShardId shard, model::LogIndex first, model::LogIndex end, std::size_t max_bytes,
            OnRead on_read) override {
    auto job = [this, shard, first, end, max_bytes, on_read = std::move(on_read)]() mutable {
      std::vector<port::LogEntry> entries;
      std::size_t bytes = 0;
      const ShardOnDisk& on_disk = disk_[shard];
      for (auto it = on_disk.entries.lower_bound(first);
           it != on_disk.entries.end() && it->first < end; ++it) {
        if (!entries.empty() && bytes + it->second.payload.size() > max_bytes) {
          break;
        }
        bytes += it->second.payload.size();
        entries.push_back(it->second);
      }
      on_read(std::move(entries));
    };
    ++reads_;
    if (hold_reads_) {
      held_reads_.push_back(std::move(job));
    } else {
      executor_.post([alive = alive_, job = std::move(job)]() mutable {
        if (*alive) {
          job();
        }
      });
    }
  }
  void compact(model::ShardId shard, model::LogIndex index, model::Term term) override {
    ShardOnDisk& on_disk = disk_[shard];
    OSTRAKA_ASSERT(on_disk.entries.contains(index), "compacts what is there");
    OSTRAKA_ASSERT(on_disk.entries.at(index).meta.term == term, "the term of the entry");
    on_disk.entries.erase(on_disk.entries.begin(), on_disk.entries.upper_bound(index));
    on_disk.start = index;
    on_disk.start_term = term;
  }
  void reset(model::ShardId shard, std::uint64_t cookie, model::LogIndex index, model::Term term,
             const protocol::HardState& hard_state) override {
    OSTRAKA_ASSERT(cookie > cookies_[shard], "cookies rise");
    cookies_[shard] = cookie;
    port::LogWrite write;
    write.hard_state = hard_state;
    queue_.push_back({shard, cookie, std::move(write), Kind::reset, index, term});
    sync_later();
  }
  void start_behind(model::ShardId shard, std::uint64_t cookie, model::LogIndex index,
                    model::Term term) override {
    OSTRAKA_ASSERT(cookie > cookies_[shard], "cookies rise");
    cookies_[shard] = cookie;
    queue_.push_back({shard, cookie, {}, Kind::start_behind, index, term});
    sync_later();
  }
  std::uint64_t pinned_bytes(model::ShardId shard) const override {
    const auto found = disk_.find(shard);
    std::uint64_t bytes = 0;
    if (found != disk_.end()) {
      for (const auto& [index, entry] : found->second.entries) {
        bytes += entry.payload.size() + 32;
      }
    }
    return bytes;
  }
  port::LogStoreStats stats() const override {
    port::LogStoreStats stats;
    stats.bytes_written = bytes_written_;
    return stats;
  }
  [[nodiscard]] std::uint64_t reads() const { return reads_; }

 private:
  enum class Kind : std::uint8_t { write, reset, start_behind };
  struct Write {
    model::ShardId shard;
    std::uint64_t cookie = 0;
    port::LogWrite write;
    Kind kind = Kind::write;
    model::LogIndex index;
    model::Term term;
  };

  Write take_first() {
    Write write = std::move(queue_.front());
    queue_.pop_front();
    ShardOnDisk& on_disk = disk_[write.shard];
    if (write.kind != Kind::write) {
      on_disk.entries.erase(on_disk.entries.begin(),
                            write.kind == Kind::reset ? on_disk.entries.end()
                                                      : on_disk.entries.upper_bound(write.index));
      on_disk.start = write.index;
      on_disk.start_term = write.term;
    }
    if (write.write.truncate_from.has_value()) {
      on_disk.entries.erase(on_disk.entries.lower_bound(*write.write.truncate_from),
                            on_disk.entries.end());
    }
    for (const port::LogEntry& entry : write.write.entries) {
      on_disk.entries[entry.meta.index] = entry;
    }
    if (write.write.hard_state.has_value()) {
      on_disk.hard_state = *write.write.hard_state;
    }
    return write;
  }
  void sync_later() {
    if (manual_ || std::exchange(syncing_, true)) {
      return;
    }
    auto done = std::make_shared<std::vector<std::pair<model::ShardId, std::uint64_t>>>();
    executor_.run_blocking(
        7,
        [this, alive = alive_, done] {
          while (*alive && !queue_.empty()) {
            const Write write = take_first();
            done->emplace_back(write.shard, write.cookie);
          }
        },
        [this, alive = alive_, done] {
          if (!*alive) {
            return;
          }
          syncing_ = false;
          for (const auto& [shard, cookie] : *done) {
            listeners_.at(shard)->on_durable(cookie);
          }
          if (!queue_.empty()) {
            sync_later();
          }
        });
  }

  port::Executor& executor_;
  Disk& disk_;
  std::map<model::ShardId, port::DurableListener*> listeners_;
  std::map<model::ShardId, std::uint64_t> cookies_;
  std::deque<Write> queue_;
  std::deque<port::Closure> held_reads_;
  bool manual_ = false;
  bool syncing_ = false;
  bool hold_reads_ = false;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t reads_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ostraka::replica::testing
