// What tests of the state machine stand on: a memory engine over files in memory, a machine that is
// fed with commands, and results as text.
#pragma once

#include "codec/entry.h"
#include "codec/operation.h"
#include "kv/state_machine.h"
#include "port/executor.h"
#include "port/file_system.h"

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::kv::testing {

// Files that survive the engine; everything written is durable at once.
class TestFiles final : public port::FileSystem {
 public:
  using Contents = std::shared_ptr<std::string>;

  base::Result<std::unique_ptr<port::File>> open(const std::string& path,
                                                 port::OpenMode mode) override;
  base::Result<bool> exists(const std::string& path) override { return files_.contains(path); }
  base::Result<std::vector<std::string>> list(const std::string& folder) override;
  base::Status make_directory(const std::string&) override { return {}; }
  base::Status rename(const std::string& from, const std::string& to) override;
  base::Status remove(const std::string& path) override;
  base::Status remove_tree(const std::string& path) override;
  base::Status sync_directory(const std::string&) override { return {}; }
  base::Status lock() override { return {}; }
  base::Result<std::uint64_t> free_bytes() override { return std::uint64_t{1} << 40; }
  std::string root() const override { return {}; }

 private:
  std::map<std::string, Contents> files_;
};

// Runs jobs at once, or with their completions when asked.
class TestExecutor final : public port::Executor {
 public:
  base::Instant now() override { return {}; }
  base::WallTime wall_now() override { return {}; }
  void post(port::Closure closure) override { posted_.push_back(std::move(closure)); }
  void post_end_of_turn(port::Closure closure) override { post(std::move(closure)); }
  void post_remote(port::Closure closure) override { post(std::move(closure)); }
  std::unique_ptr<port::Timer> make_timer(port::Closure) override { return nullptr; }
  void run_blocking(unsigned, port::Closure job, port::Closure done) override {
    if (jobs_wait) {
      post([this, run = std::move(job), then = std::move(done)]() mutable {
        run();
        post(std::move(then));
      });
      return;
    }
    job();
    post(std::move(done));
  }
  void drain();
  void drop() { posted_.clear(); }

  bool jobs_wait = false;

 private:
  std::deque<port::Closure> posted_;
};

// A write that took no time.
class EndedWrite final : public port::EngineWrite {
 public:
  explicit EndedWrite(base::Status outcome) : outcome_(std::move(outcome)) {}
  [[nodiscard]] bool done() const override { return true; }
  [[nodiscard]] base::Status finish() override { return outcome_; }

 private:
  base::Status outcome_;
};

// Another engine, whose writes fail when told so.
class FaultyEngine final : public port::Engine {
 public:
  explicit FaultyEngine(port::Engine& engine) : engine_(engine) {}
  std::unique_ptr<port::WriteBatch> new_batch() override { return engine_.new_batch(); }
  base::Status write(port::WriteBatch& batch) override {
    return error.has_value() ? base::fail(*error) : engine_.write(batch);
  }
  std::unique_ptr<port::EngineWrite> begin_write(port::WriteBatch& batch) override {
    if (error.has_value()) {
      return std::make_unique<EndedWrite>(base::fail(*error));
    }
    return engine_.begin_write(batch);
  }
  base::Result<bool> get(port::Family family, base::ByteView key, std::string& value,
                         const port::EngineSnapshot* snapshot) override {
    return engine_.get(family, key, value, snapshot);
  }
  std::unique_ptr<port::EngineIterator> iterate(const port::FamilyRange& range,
                                                const port::EngineSnapshot* snapshot) override {
    return engine_.iterate(range, snapshot);
  }
  std::unique_ptr<port::EngineSnapshot> snapshot() override { return engine_.snapshot(); }
  void flush(OnFlushed on_flushed) override { engine_.flush(std::move(on_flushed)); }
  base::Result<std::vector<port::TableFile>> export_ranges(
      const port::EngineSnapshot& snapshot, const std::vector<port::FamilyRange>& ranges,
      const std::string& folder) override {
    return engine_.export_ranges(snapshot, ranges, folder);
  }
  base::Status ingest_replacing(const std::vector<port::FamilyRange>& ranges,
                                const std::vector<port::TableFile>& tables,
                                port::WriteBatch& extra) override {
    return engine_.ingest_replacing(ranges, tables, extra);
  }
  port::EngineStats stats() override { return engine_.stats(); }
  [[nodiscard]] std::uint64_t epoch() const override { return engine_.epoch() + reopened; }

  std::optional<base::ErrorCode> error;
  std::uint64_t reopened = 0;  // times

 private:
  port::Engine& engine_;
};

// An engine that can be crashed and opened again.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  [[nodiscard]] port::Engine& engine() { return *engine_; }
  [[nodiscard]] port::FileSystem& files() { return files_; }
  void checkpoint();
  // From now on writes beside the reactor take place in run_jobs(), or when somebody needs them.
  void hold_jobs() { executor_.jobs_wait = true; }
  void run_jobs() { executor_.drain(); }
  // Back to the last checkpoint. State machines on the engine must be gone.
  void crash();

 private:
  void open();

  TestFiles files_;
  TestExecutor executor_;
  std::unique_ptr<port::Engine> engine_;
};

using codec::OpCode;
using codec::Operation;

inline constexpr model::KeyspaceId kSpace = model::KeyspaceId(1);

// An operation in keyspace 1.
[[nodiscard]] Operation op(OpCode code, base::ByteView key = {}, base::ByteView value = {});
[[nodiscard]] std::string command(std::initializer_list<Operation> operations);

// Results as text: nil, ok, 5, "bytes", [a, b], !overflow, aborted; values of a command are joined
// by blanks.
[[nodiscard]] std::string text_of(base::ByteView results);

// Where the results of an entry go: "text", or "error <name>".
class Told final : public ApplyListener {
 public:
  void on_result(model::SessionId session, model::Serial serial,
                 const base::Result<base::ByteView>& results) override;
  void on_state_hash(model::LogIndex index, std::uint64_t hash) override;

  std::vector<std::string> results;
  std::vector<std::uint64_t> serials;
  std::vector<std::uint64_t> hashes;
};

// The engine has every entry as soon as it was applied.
[[nodiscard]] inline StateMachineOptions written_at_once() { return {.write_behind_bytes = 0}; }

// One replica: a state machine and the log it was fed with.
class Replica {
 public:
  Replica(World& world, model::ShardId shard, SessionLimits limits = {},
          StateMachineOptions options = written_at_once());

  [[nodiscard]] StateMachine& machine() { return *machine_; }
  [[nodiscard]] model::LogIndex last() const { return model::LogIndex(log_.size()); }
  std::int64_t now_ms = 1'000'000;  // log time of the next entries

  // Appends one entry and applies it.
  std::vector<std::string> apply(codec::EntryHeader header,
                                 const std::vector<std::string>& commands);
  // Without a session; the text of its results.
  std::string run(std::initializer_list<Operation> operations);
  std::string run(const Operation& operation) { return run({operation}); }
  std::string read(const Operation& operation);
  // In a session.
  std::vector<std::string> run_in(std::uint64_t session, std::uint64_t first_serial,
                                  const std::vector<std::string>& commands,
                                  std::uint64_t acknowledged = 0);
  void register_session(std::uint64_t session);
  void advance_time(std::int64_t ms);
  std::uint64_t hash() { return machine_->state_hash(); }

  void append(codec::EntryHeader header, const std::vector<std::string>& commands);
  // Applies what has been appended, in one call.
  void apply_rest();
  // Before World::crash().
  void stop() { machine_.reset(); }
  // After World::crash(): loads, and applies what the engine lacks, `step` entries a call.
  void restart(std::size_t step = 1);

  Told told;
  const std::vector<port::LogEntry>& log() const { return log_; }

 private:
  World& world_;
  model::ShardId shard_;
  SessionLimits limits_;
  StateMachineOptions options_;
  std::unique_ptr<StateMachine> machine_;
  std::vector<port::LogEntry> log_;
};

}  // namespace ostraka::kv::testing
