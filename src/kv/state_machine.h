// A shard's state: what applying its log gives. A pure function of (state, entry) giving writes and
// results.
//
// One StateMachine per shard, on the node's engine. apply() is called with every committed entry in
// index order. What it writes waits in memory, where later commands and reads see it, and goes to
// the engine by many entries at once, in key order, together with the meta record (applied index,
// its term, configuration), so that data and applied index are never seen apart. The log makes
// entries durable, not the engine: results are told before the engine has them. Reads are answered
// from applied state at the current log time. Threads: the shard's reactor.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/membership.h"
#include "port/engine.h"
#include "port/log_store.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ostraka::kv {

// Bounds on sessions; part of the replicated semantics, so every replica has the same.
struct SessionLimits {
  std::uint32_t replies_kept_max = 8192;  // per session, beyond: the oldest is forgotten
  // a session without commands expires after this much log time
  std::int64_t expiry_ms = 60'000;
  std::uint32_t sessions_max = 4096;
};

// Planted bugs with which tests and the simulator prove that their checks can fail. Never set
// anywhere else.
enum class Mutant : std::uint8_t {
  none,
  memory_only_dedup,      // sessions live in memory only: a restart or a snapshot forgets them
  expiry_by_local_clock,  // keys expire by StateMachineOptions::local_clock, not by log time
  skip_unknown_entries,   // an entry of an unknown format, type or semantics counts as applied
};

// How the shard lies in its engine.
struct StateMachineOptions {
  // The shard's keyspaces, both ends included. Shards that share an engine have disjoint ranges;
  // the same on every replica. Operations on other keyspaces fail with wrong_shard.
  model::KeyspaceId keyspace_first = model::KeyspaceId(0);
  model::KeyspaceId keyspace_last = model::KeyspaceId(std::numeric_limits<std::uint32_t>::max());
  // More than this is handed to the engine at the end of an apply. Large batches cost the engine
  // less per key. One of this size takes three or four milliseconds, on a pool thread; the reactor
  // waits for it when twice as much has come meanwhile. 0 = at once, by the reactor.
  std::size_t write_behind_bytes = std::size_t{1} << 20;
  Mutant mutant = Mutant::none;
  std::function<base::WallTime()> local_clock = {};  // for the mutant of that name only
};

// Told the results of what was applied. Commands of sessions that live elsewhere are told too; the
// owner filters.
class ApplyListener {
 public:
  ApplyListener() = default;
  ApplyListener(const ApplyListener&) = delete;
  ApplyListener& operator=(const ApplyListener&) = delete;
  virtual ~ApplyListener() = default;
  // A command of an entry has been applied (or had been before: a retry gets the stored results).
  // `results` encoded by codec::ResultWriter. Errors: session_expired, sequence_gap (nothing was
  // done).
  virtual void on_result(model::SessionId session, model::Serial serial,
                         const base::Result<base::ByteView>& results) = 0;
  // Two replicas compare this.
  virtual void on_state_hash(model::LogIndex index, std::uint64_t hash) = 0;
};

// What the engine's checkpoint says about a shard.
struct AppliedState {
  model::LogIndex index;
  model::Term term;
  std::shared_ptr<const model::Configuration> configuration;  // null on an empty engine
  model::LogIndex configuration_index;
  base::WallTime log_time;
};

class StateMachine {
 public:
  StateMachine(model::ShardId shard, port::Engine& engine, SessionLimits limits,
               StateMachineOptions options = {});
  ~StateMachine();
  StateMachine(const StateMachine&) = delete;
  StateMachine& operator=(const StateMachine&) = delete;

  // Reads the meta record. Errors: corruption.
  [[nodiscard]] base::Result<AppliedState> load();

  // Applies consecutive committed entries (applied index + 1 …) and tells their results.
  // `configuration` entries update the stored configuration. Errors: busy (the engine stalls, and
  // what waits for it has reached its bound: call again later, from applied() + 1; what was applied
  // before stays); format_unknown, malformed, io_error, disk_full, corruption stop apply for good,
  // until reload(): the state is then that of the engine.
  [[nodiscard]] base::Status apply(std::span<const port::LogEntry> entries,
                                   ApplyListener& listener);
  // Hands what waits to the engine, which then holds everything up to applied(): before a flush or
  // a snapshot of the engine. Errors: busy, or as apply(); nothing is lost, it goes on waiting.
  [[nodiscard]] base::Status write_out();
  // Nothing is on its way to the engine afterwards: before an ingest, whatever became of it.
  void settle();
  // What the engine holds.
  [[nodiscard]] model::LogIndex stored() const;

  // Answers an encoded read-only command from applied state. Appends to `results`. Bounded work: a
  // scan, a count and a random_key examine at most a documented number of keys per call and yield a
  // continuation. Errors: io_error while the engine has another epoch than at load().
  [[nodiscard]] base::Status read(base::ByteView encoded_command, std::string& results);

  // Blind writes need no reading; a command that needs floating point is resolved by the leader
  // with this value.
  [[nodiscard]] model::LogIndex applied() const;
  [[nodiscard]] model::Term applied_term() const;
  [[nodiscard]] base::WallTime log_time() const;
  [[nodiscard]] std::shared_ptr<const model::Configuration> configuration() const;

  // Keys whose deadline is at or before the log time `now`, at most `max`, as an encoded command of
  // remove_expired operations; empty when there is nothing to do. The leader proposes it. `read
  // now` lets the leader look ahead of applied log time.
  [[nodiscard]] std::string expired_command(base::WallTime now, std::size_t max);
  // Whether a session ends as soon as the log time reaches `now`: in an idle shard only an entry of
  // the leader moves it there.
  [[nodiscard]] bool has_expired_sessions(base::WallTime now) const;
  // Bounded background work after a flush_keyspace: deletes keys of old generations. True when
  // there is more.
  [[nodiscard]] bool collect_garbage(std::size_t max_keys);

  // Hash over the shard's whole logical state (walks everything; simulation and on-line
  // comparison). The engine must take writes.
  [[nodiscard]] std::uint64_t state_hash();

  // The engine ranges that belong to this shard: for snapshots.
  [[nodiscard]] std::vector<port::FamilyRange> ranges() const;
  // After an ingest, and when the engine's epoch has risen: everything again from the engine.
  [[nodiscard]] base::Result<AppliedState> reload() { return load(); }

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::kv
