// A machine with a log, for tests: simulated disk, scheduler and executor, and a model of what each
// shard's log must hold after a restart.
#pragma once

#include "base/prng.h"
#include "model/ids.h"
#include "port/log_store.h"
#include "sim_ports/sim_disk.h"
#include "sim_ports/sim_executor.h"
#include "sim_ports/sim_scheduler.h"
#include "wal/wal.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::wal {

inline Options small_options() {
  Options options;
  options.identity = 0x1d;
  options.segment_bytes = 16U << 10;
  options.initial_segment_bytes = 4U << 10;
  options.max_batch_bytes = 8U << 10;
  options.slack_segments = 3;
  return options;
}

// What one shard's log holds.
struct LogState {
  protocol::HardState hard_state;
  model::LogIndex start;
  model::Term start_term;
  std::map<model::LogIndex, std::pair<model::Term, std::string>> entries;
  friend bool operator==(const LogState&, const LogState&) = default;

  void apply(const port::LogWrite& write) {
    if (write.truncate_from.has_value()) {
      entries.erase(entries.lower_bound(*write.truncate_from), entries.end());
    }
    for (const port::LogEntry& entry : write.entries) {
      entries[entry.meta.index] = {entry.meta.term, std::string(entry.payload.view())};
    }
    if (write.hard_state.has_value()) {
      hard_state = *write.hard_state;
    }
  }
  void compact(model::LogIndex index, model::Term term) {
    if (index > start) {
      entries.erase(entries.begin(), entries.upper_bound(index));
      start = index;
      start_term = term;
    }
  }
  static LogState of(const port::RecoveredLog& log) {
    LogState state{log.hard_state, log.start, log.start_term, {}};
    for (const port::LogEntry& entry : log.entries) {
      state.entries[entry.meta.index] = {entry.meta.term, std::string(entry.payload.view())};
    }
    return state;
  }
};

// All states that a crash may leave: one for each write since the last one known to be durable.
class ShardModel final : public port::DurableListener {
 public:
  void on_durable(std::uint64_t cookie) override { durable_ = std::max(durable_, cookie); }
  void on_space(bool full) override {
    full_ = full;
    ++space_changes_;
  }

  // The cookie of the next write, whose effect is `state`.
  std::uint64_t push(LogState state) {
    states_.push_back(std::move(state));
    return ++last_;
  }
  // What was asked for so far.
  [[nodiscard]] const LogState& latest() const { return states_.back(); }
  [[nodiscard]] bool all_durable() const { return durable_ == last_; }
  [[nodiscard]] std::uint64_t durable() const { return durable_; }
  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] int space_changes() const { return space_changes_; }
  void compact(model::LogIndex index, model::Term term) {
    states_.back().compact(index, term);
    if (index > compacted_.first) {
      compacted_ = {index, term};
    }
  }

  // Whether `found` is a state that the crash may leave; it is then the only one. Compaction may
  // have been forgotten, in part.
  [[nodiscard]] bool accept(const LogState& found) {
    const std::uint64_t first = last_ + 1 - states_.size();
    for (std::uint64_t cookie = std::max(durable_, first); cookie <= last_; ++cookie) {
      if (fits(states_[static_cast<std::size_t>(cookie - first)], found)) {
        states_ = {found};
        durable_ = last_;
        compacted_ = {found.start, found.start_term};
        full_ = false;
        return true;
      }
    }
    return false;
  }

 private:
  [[nodiscard]] bool fits(LogState expected, LogState found) const {
    if (found.start > std::max(expected.start, compacted_.first)) {
      return false;
    }
    const auto line = std::max({std::pair(expected.start, expected.start_term),
                                std::pair(found.start, found.start_term), compacted_});
    expected.compact(line.first, line.second);
    found.compact(line.first, line.second);
    return expected == found;
  }

  std::vector<LogState> states_{LogState{}};  // after write last_ + 1 - size() … last_
  std::uint64_t last_ = 0;
  std::uint64_t durable_ = 0;
  std::pair<model::LogIndex, model::Term> compacted_;
  bool full_ = false;
  int space_changes_ = 0;
};

class World {
 public:
  explicit World(Options options = small_options(),
                 std::uint64_t capacity = sim_ports::SimDisk::kUnlimited)
      : options_(std::move(options)), disk_(capacity) {}
  ~World() { stop(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A new process opens the log and checks every shard against its model.
  base::Status start() {
    stop();
    files_ = disk_.open_process();
    executor_ = std::make_unique<sim_ports::SimExecutor>(scheduler_, clock_, ++lives_);
    fatal_.reset();
    auto opened = Wal::open(*files_, *executor_, options_,
                            [this](const base::Error& error) { fatal_ = error; });
    if (!opened.has_value()) {
      return std::unexpected(opened.error());
    }
    wal_ = *std::move(opened);
    return check();
  }
  void crash_process() {
    stop();
    disk_.crash_process();
  }
  void crash_power(base::Prng& prng) {
    stop();
    disk_.crash_power(prng);
  }
  void run(base::Duration time = base::Duration::milliseconds(20)) {
    scheduler_.run_until(scheduler_.now() + time);
  }

  // Appends `write` and tells the model.
  void append(model::ShardId shard, port::LogWrite write) {
    ShardModel& model = models_[shard];
    LogState next = model.latest();
    next.apply(write);
    wal_->append(shard, model.push(std::move(next)), std::move(write));
  }
  void reset(model::ShardId shard, model::LogIndex index, model::Term term,
             const protocol::HardState& hard_state) {
    wal_->reset(shard, models_[shard].push(LogState{hard_state, index, term, {}}), index, term,
                hard_state);
  }
  // Keeps what lies behind, gaps and all.
  void start_behind(model::ShardId shard, model::LogIndex index, model::Term term) {
    LogState state = models_[shard].latest();
    state.compact(index, term);
    wal_->start_behind(shard, models_[shard].push(std::move(state)), index, term);
  }
  void compact(model::ShardId shard, model::LogIndex index) {
    const LogState& state = models_[shard].latest();
    const auto found = state.entries.find(index);
    const model::Term term = found == state.entries.end() ? model::Term{1} : found->second.first;
    models_[shard].compact(index, term);
    wal_->compact(shard, index, term);
  }
  // Entries at first, first + 1, … with one payload each.
  static port::LogWrite entries(std::uint64_t first, std::vector<std::string> payloads,
                                std::uint64_t term = 1) {
    port::LogWrite write;
    for (std::string& payload : payloads) {
      protocol::EntryMeta meta;
      meta.index = model::LogIndex{first++};
      meta.term = model::Term{term};
      meta.payload_bytes = static_cast<std::uint32_t>(payload.size());
      write.entries.push_back({meta, base::Buffer::take(std::move(payload))});
    }
    return write;
  }
  static port::LogWrite vote(std::uint64_t term, std::uint32_t node) {
    port::LogWrite write;
    write.hard_state = protocol::HardState{model::Term{term}, model::NodeId{node}, {}};
    return write;
  }

  Wal& wal() { return *wal_; }
  sim_ports::SimDisk& disk() { return disk_; }
  sim_ports::SimScheduler& scheduler() { return scheduler_; }
  port::FileSystem& files() { return *files_; }
  Options& options() { return options_; }
  ShardModel& model(model::ShardId shard) { return models_[shard]; }
  [[nodiscard]] const std::optional<base::Error>& fatal() const { return fatal_; }
  [[nodiscard]] bool is_running() const { return wal_ != nullptr; }

  // Attaches every known shard and compares what was found; an error names the shard.
  base::Status check() {
    for (const model::ShardId shard : wal_->shards()) {
      models_.try_emplace(shard);
    }
    for (auto& [shard, model] : models_) {
      wal_->attach(shard, model);
      auto found = wal_->take_recovered(shard);
      if (!found.has_value()) {
        return std::unexpected(found.error());
      }
      if (!model.accept(LogState::of(*found))) {
        return base::fail(base::ErrorCode::unknown_outcome,
                          "shard " + std::to_string(shard.value()) + " differs from its model");
      }
    }
    return {};
  }
  // Declares a shard before its first write, so that it is attached.
  void use(model::ShardId shard) { wal_->attach(shard, models_[shard]); }

  std::vector<port::LogEntry> read(model::ShardId shard, std::uint64_t first, std::uint64_t end,
                                   std::size_t max_bytes = SIZE_MAX) {
    std::vector<port::LogEntry> out;
    wal_->read(shard, model::LogIndex{first}, model::LogIndex{end}, max_bytes,
               [&](base::Result<std::vector<port::LogEntry>> result) {
                 read_error_.reset();
                 if (result.has_value()) {
                   out = *std::move(result);
                 } else {
                   read_error_ = result.error();
                 }
               });
    run();
    return out;
  }
  [[nodiscard]] const std::optional<base::Error>& read_error() const { return read_error_; }

 private:
  void stop() {
    wal_.reset();
    executor_.reset();
    files_.reset();
  }

  Options options_;
  sim_ports::SimDisk disk_;
  sim_ports::SimScheduler scheduler_;
  sim_ports::SimClock clock_;
  std::uint64_t lives_ = 0;
  std::unique_ptr<port::FileSystem> files_;
  std::unique_ptr<sim_ports::SimExecutor> executor_;
  std::unique_ptr<Wal> wal_;
  std::map<model::ShardId, ShardModel> models_;
  std::optional<base::Error> fatal_;
  std::optional<base::Error> read_error_;
};

}  // namespace ostraka::wal
