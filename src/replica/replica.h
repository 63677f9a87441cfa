// The driver of one shard's replica: between a deterministic protocol, the durable log, the peers,
// and the state machine. Knows protocol::Protocol only, no engine in particular.
//
// It feeds one event at a time, carries out the effects in the order that durability demands (a
// message of send_after_durable leaves after its append is on stable storage), attaches payloads,
// applies what is committed, batches what clients propose in one turn into one log entry per
// session, and serves reads. docs/design/0002-replica-driver.md has the reasoning.
//
// Threads: one reactor; every method on it, except that nothing may call into the replica after
// destruction. Ownership: owns protocol and state machine; the rest must outlive it.
// Destruction at any time (a crash in the simulator): completes no read and calls nobody.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "kv/state_machine.h"
#include "model/ids.h"
#include "model/membership.h"
#include "port/executor.h"
#include "port/log_store.h"
#include "protocol/core/protocol.h"
#include "replica/listener.h"
#include "replica/options.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace ostraka::replica {

enum class ReadKind : std::uint8_t {
  linearizable,  // leader only: lease, else a read barrier; elsewhere not_leader
  // any replica: provably not staler than max_staleness (0 = linearizable on a follower)
  bounded_staleness,
  stale,  // any replica: whatever is applied, at once
};

// A read in flight. The caller owns it and keeps it until complete() or cancel_read().
class Read {
 public:
  Read() = default;
  Read(const Read&) = delete;
  Read& operator=(const Read&) = delete;
  virtual ~Read() = default;

  base::Buffer command;  // encoded, read-only
  ReadKind kind = ReadKind::linearizable;
  base::Duration max_staleness;

  // Called exactly once unless cancelled, possibly from within read(). The results are valid during
  // the call only. Errors: not_leader, no_leader, no_quorum, too_stale, busy, malformed, io_error.
  virtual void complete(const base::Result<base::ByteView>& results) = 0;

  // Used by the replica.
  struct Link {
    model::LogIndex wait_for;
    base::Instant received;
    std::uint64_t ticket = 0;
  } link;
};

// A place in the log.
struct LogPosition {
  model::LogIndex index;
  model::Term term;
};

struct Parts {
  model::ShardId shard;
  model::NodeId self;
  port::Executor& executor;
  port::LogStore& log;
  Peers& peers;
  Host& host;
  std::unique_ptr<protocol::Protocol> protocol;
  std::unique_ptr<kv::StateMachine> state_machine;
  // What `protocol` was built from: the hard state, and the entries that are not applied yet (first
  // content of the log cache).
  protocol::HardState hard_state;
  std::vector<port::LogEntry> recovered_entries;
  // Written before anything else: the log starts behind this place (it did not match the state);
  // or the first write of a new log.
  std::optional<LogPosition> reset_log;
  std::optional<port::LogWrite> first_write;
};

struct Status {
  protocol::ProtocolStatus protocol;
  model::LogIndex applied;
  model::Term applied_term;
  base::WallTime log_time;
  bool leads = false;
  bool lease_valid = false;  // serves linearizable reads without a message now
  bool disk_full = false;
  std::optional<base::Error> stopped;
  std::size_t proposal_bytes = 0;   // accepted, not applied
  std::size_t log_cache_bytes = 0;  // payloads in memory
};

// Counters since the start of the replica.
struct Counters {
  std::uint64_t commands = 0;  // accepted
  std::uint64_t entries_proposed = 0;
  std::uint64_t entries_applied = 0;
  std::uint64_t appends = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_dropped = 0;
  std::uint64_t messages_refused = 0;  // received; no correct peer sends them
  std::uint64_t log_reads = 0;         // entries that were not in the log cache
  std::uint64_t lease_reads = 0;
  std::uint64_t barrier_reads = 0;
  std::uint64_t local_reads = 0;  // stale and bounded staleness
  std::uint64_t refused = 0;      // busy, disk_full, not_leader
};

// Of a file system: `low`, what is left is kept for elections, checkpoints, the state machine's own
// files, and removals; `out`, not for removals any more.
enum class Space : std::uint8_t { enough, low, out };

class Replica final {
 public:
  using OnDone = std::move_only_function<void(base::Status)>;

  Replica(Parts parts, const Options& options);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Attaches to the log and gives the protocol its first event. Once, before anything else; the
  // log store is told of appends under cookies from 1.
  void start();
  // Who owns sessions; null = nobody. May be set before or after start().
  void set_sessions(Sessions* sessions);
  // Gives up leadership, refuses new work (shutting_down), completes waiting reads and requests.
  void stop();

  // --- Writes (leader). ---
  // Accepts encoded commands with the serials first_serial, first_serial + 1, …; all that one turn
  // brings becomes one log entry a session. Results come through Sessions::on_result.
  // `acknowledged`: results up to here have arrived at the owner.
  // Errors (nothing was accepted): not_leader, no_leader (also while a new leader's log time is not
  // settled: one round trip to a quorum), busy, disk_full, sequence_gap (a serial
  // between the highest proposed under this leadership and first_serial is missing), too_large,
  // shutting_down.
  [[nodiscard]] base::Status submit_commands(model::SessionId session, model::Serial first_serial,
                                             model::Serial acknowledged,
                                             std::span<const base::ByteView> commands);
  // Puts a registration into the log; answered by on_result with serial 0.
  [[nodiscard]] base::Status register_session(model::SessionId session);
  // Every replica hashes its state at the index of the entry and tells its host.
  [[nodiscard]] base::Status request_state_hash();

  // --- Reads. ---
  void read(Read& read);
  // Forgets it; complete() will not be called. Harmless when it is not waiting.
  void cancel_read(Read& read);

  // --- Administration (leader). At most a few in flight. ---
  void transfer_leadership(model::NodeId to, OnDone on_done);
  // See replica/membership_target.h for targets. `joint`: by joint consensus.
  void change_membership(std::shared_ptr<const model::Configuration> target, bool joint,
                         OnDone on_done);
  void campaign();
  void step_down();

  // --- From the peers. ---
  // Fills message.configurations from the payloads. One payload per entry.
  void on_message(protocol::Message& message, std::span<const base::Buffer> payloads);
  void on_read_index_request(model::NodeId from, base::ByteView body);
  void on_read_index_reply(model::NodeId from, base::ByteView body);
  void on_peer_unreachable(model::NodeId peer);

  // --- From the store. ---
  void snapshot_sent(model::NodeId to, model::LogIndex index, bool ok);
  void snapshot_received(model::NodeId from, model::Term leader_term,
                         const protocol::SnapshotMeta& meta);
  // The engine holds the snapshot durably; the state machine was reloaded. The replica resets the
  // log behind it (durably) and then tells the protocol.
  void snapshot_installed(const protocol::SnapshotMeta& meta);
  // The checkpoint covers `upto` and nobody needs the entries up to there: drops them from the log.
  void compact_log(model::LogIndex upto);
  // The replica cannot go on here (a failed ingest): refuses everything from now on.
  void fail(base::Error reason);
  // Hands what was applied to the engine, before a flush or a snapshot of it. Returns what the
  // engine holds: less than applied() when it takes no writes, or a snapshot is being installed.
  model::LogIndex write_out();
  // The engine lost what was not flushed (it was reopened after an error): loads the state again
  // and applies the log behind it again.
  // False: the engine does not answer yet; call again later. Nothing is applied until then.
  [[nodiscard]] bool reload_state();
  // How much the file system has left. Not enough: proposals are refused with disk_full.
  void set_space(Space space);
  // Engine back-pressure: refuse proposals with busy while true.
  void set_write_stalled(bool stalled);

  // --- What there is. ---
  [[nodiscard]] bool leads() const;
  [[nodiscard]] model::NodeId leader() const;  // none when unknown
  [[nodiscard]] model::LogIndex applied() const;
  [[nodiscard]] bool disk_full() const;  // the log, the engine or the file system, nearly or quite
  [[nodiscard]] Status status() const;
  [[nodiscard]] const Counters& counters() const;
  [[nodiscard]] const protocol::Protocol& protocol() const;
  [[nodiscard]] kv::StateMachine& state_machine();
  // The clock that deadlines of keys are computed from: near the wall clock, never before the log
  // time seen here, never far ahead of it.
  [[nodiscard]] base::WallTime log_time_now() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::replica
