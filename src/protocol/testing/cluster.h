// A cluster of one engine's state machines on a simulated network, disks and clocks, for the tests
// of engines. One thread, virtual time, everything from one seed; the engine's invariants run after
// every step.
//
// The harness keeps the driver's contract (src/replica) and knows no engine: ClusterOptions::engine
// says which one runs. An appended entry's payload is the proposal's when Effects::proposed names
// its index, else that of the entry of the same index and term in the message being stepped, else
// what this node has there already (a value that is proposed again). An entry that has none of them
// is a violation ("DRIVER"), as is an Append that a log of the engine's kind does not allow.
// Snapshots are metadata and a hash: SnapshotTransfer carries them; installing one empties the
// disk's log, of a slot engine only up to the snapshot, and leaves the hard state. compact() drops
// nothing behind Protocol::trim_limit().
#pragma once

#include "base/prng.h"
#include "protocol/core/cluster_invariants.h"
#include "protocol/core/engine_probe.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ostraka::protocol::testing {

struct ClusterOptions {
  const EngineProbe* engine = nullptr;  // required
  std::uint64_t seed = 1;
  std::uint32_t voters = 3;
  std::uint32_t spares = 0;  // nodes that run but belong to no configuration yet
  Settings settings;
  std::size_t mutant = 0;  // a place in engine->mutants
  // manual: messages move only by deliver(); else after a random delay
  bool manual_network = false;
  std::int64_t delay_min_us = 200;
  std::int64_t delay_max_us = 3000;
  std::int64_t disk_min_us = 100;
  std::int64_t disk_max_us = 2000;
  std::uint32_t loss_per_mille = 0;
  std::uint32_t duplicate_per_mille = 0;
  std::uint32_t drift_per_mille = 0;  // each clock's rate is off by up to this
};

[[nodiscard]] model::Configuration make_configuration(const std::vector<std::uint32_t>& voters,
                                                      const std::vector<std::uint32_t>& learners);

struct Packet {
  Message message;
  std::vector<std::uint64_t> payloads;  // parallel to message.entries
  std::int64_t at = 0;                  // true time of delivery
  std::uint64_t number = 0;
  bool held = false;
};

// A disk operation under way.
struct DiskWrite {
  Append append;
  std::vector<std::uint64_t> payloads;
  std::optional<SnapshotMeta> snapshot;
  std::uint64_t snapshot_hash = 0;
  std::int64_t at = 0;
};

struct LogEntry {
  EntryMeta meta;
  std::uint64_t payload = 0;
};

struct Disk {
  HardState hard_state;
  SnapshotMeta snapshot;                    // where the log starts
  std::map<model::LogIndex, LogEntry> log;  // with gaps for a slot engine
  std::vector<ConfigurationAt> configurations;
  // checkpoint of the state machine
  model::LogIndex checkpoint;
  std::uint64_t checkpoint_hash = 0;
  std::shared_ptr<const model::Configuration> checkpoint_configuration;
  model::Term checkpoint_term;
};

// What became of a request: failed, or done, passed (a read) or in the log (a proposal).
struct Answer {
  std::optional<base::ErrorCode> failed;
  model::NodeId leader_hint;
  model::LogIndex index;
  model::Term term;
};

struct SnapshotTransfer {
  model::NodeId from;
  model::NodeId to;
  model::Term leader_term;
  SnapshotMeta meta;
  std::uint64_t hash = 0;
  std::int64_t at = 0;
  bool lost = false;
};

class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options);

  struct Node {
    model::NodeId id;
    std::unique_ptr<Protocol> protocol;  // null when crashed
    Effects effects;
    Disk disk;
    std::deque<DiskWrite> writes;
    bool disk_held = false;
    std::vector<std::pair<AppendToken, Packet>> waiting;  // send_after_durable
    AppendToken durable;
    std::map<TimerId, base::Instant> timers;
    // the log in memory: payload of each index, as a driver's cache
    std::map<model::LogIndex, std::uint64_t> payloads;
    model::LogIndex applied;
    std::uint64_t state_hash = 0;
    std::shared_ptr<const model::Configuration> configuration;  // at `applied`
    model::NodeId staged_from;
    std::uint64_t staged_hash = 0;
    std::int64_t clock_offset = 0;
    std::int64_t rate_per_mille = 1000;
    std::uint64_t starts = 0;
  };

  // Before start(): what a node's disk holds.
  Disk& disk_of(std::uint32_t node) { return node_of(node).disk; }
  void start();

  // Operations; they do nothing on a crashed node.
  // Requests return their number, for answer().
  std::uint64_t propose(std::uint32_t node, std::uint32_t bytes = 8);
  void campaign(std::uint32_t node);
  std::uint64_t read(std::uint32_t node);
  std::uint64_t transfer(std::uint32_t from, std::uint32_t to);
  std::uint64_t change(std::uint32_t node, const model::Configuration& target, bool joint);
  void step_down(std::uint32_t node);
  void disk_space(std::uint32_t node, bool full);
  void unreachable(std::uint32_t node, std::uint32_t peer);
  void crash(std::uint32_t node);  // unwritten operations are lost, or some prefix survives by seed
  void restart(std::uint32_t node);
  void compact(std::uint32_t node, std::uint64_t keep);

  // The network.
  void cut(std::uint32_t from, std::uint32_t to) { cuts_.insert({from, to}); }
  void mend(std::uint32_t from, std::uint32_t to) { cuts_.erase({from, to}); }
  void heal() { cuts_.clear(); }
  void hold(std::uint32_t from, std::uint32_t to, std::uint8_t kind);  // 0 = any
  void release();
  std::size_t drop(std::uint32_t from, std::uint32_t to, std::uint8_t kind);
  void deliver();  // every message and disk write that nothing holds, until quiet; no time passes
  std::size_t deliver(std::uint32_t from, std::uint32_t to, std::uint8_t kind);
  // One of the messages under way, by its place in packets(); held ones too.
  [[nodiscard]] std::size_t packets() const { return packets_.size(); }
  void deliver_at(std::size_t place, bool keep_a_copy);
  void drop_at(std::size_t place);

  // Time.
  void run_for(std::int64_t microseconds);
  [[nodiscard]] std::int64_t true_time() const { return time_ns_; }

  // What happened.
  [[nodiscard]] std::optional<std::string> violation() const { return violation_; }
  [[nodiscard]] Node& node_of(std::uint32_t node) { return nodes_[node - 1]; }
  [[nodiscard]] Protocol* protocol_of(std::uint32_t node) { return node_of(node).protocol.get(); }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  // The leader of the highest term, 0 = none.
  [[nodiscard]] std::uint32_t leader();
  [[nodiscard]] bool lease_of(std::uint32_t node);
  [[nodiscard]] const EngineProbe& engine() const { return *options_.engine; }
  [[nodiscard]] std::vector<std::string>& log() { return log_; }
  void enable_log() { logging_ = true; }
  void say(std::string line);
  // What became of a request; null while nothing did.
  [[nodiscard]] const Answer* answer(std::uint64_t request) const;
  [[nodiscard]] std::uint64_t open_reads() const { return open_reads_.size(); }

  struct Counters {
    std::uint64_t reads_done = 0;
    std::uint64_t reads_failed = 0;
    std::uint64_t lease_reads = 0;
    std::uint64_t proposals = 0;
    std::uint64_t changes = 0;
    std::uint64_t transfers = 0;
    std::uint64_t elections = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t steps = 0;
    Counters& operator+=(const Counters& other);
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  [[nodiscard]] base::Instant local(const Node& node) const;
  [[nodiscard]] std::int64_t true_time_of(const Node& node, base::Instant local) const;
  [[nodiscard]] Recovered recovered(const Node& node) const;
  void boot(Node& node);
  void step(Node& node, EventBody body);
  void take_effects(Node& node);
  void take_append(Node& node);
  [[nodiscard]] std::optional<std::uint64_t> payload_of(const Node& node,
                                                        const EntryMeta& entry) const;
  void take_answers(Node& node);
  void take_snapshots(Node& node);
  void apply(Node& node);
  void send(Node& node, Packet packet);
  void post(Packet packet);
  void route(Packet packet);
  // Not one of those under way: a step may post packets, and so move these.
  void arrive(const Packet& packet);
  void finish_write(Node& node);
  void write_to_disk(Node& node, const DiskWrite& write);
  bool deliver_one();
  [[nodiscard]] std::int64_t next_time() const;
  void run_one();
  void finish_transfer(const SnapshotTransfer& transfer);
  void sample_leases();
  [[nodiscard]] std::int64_t delay(std::int64_t low_us, std::int64_t high_us);

  ClusterOptions options_;
  base::Prng prng_;
  std::int64_t time_ns_ = 1'000'000'000;
  std::vector<Node> nodes_;
  std::vector<Packet> packets_;
  std::vector<SnapshotTransfer> transfers_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts_;
  std::vector<std::pair<std::pair<std::uint32_t, std::uint32_t>, std::uint8_t>> holds_;
  std::unique_ptr<ClusterInvariants> invariants_;
  std::optional<std::string> violation_;
  // request -> true time when asked, node
  std::map<std::uint64_t, std::pair<std::int64_t, model::NodeId>> open_reads_;
  std::uint64_t number_ = 0;
  const Packet* incoming_ = nullptr;  // being stepped
  std::uint64_t value_ = 0;           // of the proposal being stepped
  std::map<std::uint64_t, Answer> answers_;
  Counters counters_;
  bool logging_ = false;
  std::vector<std::string> log_;
};

}  // namespace ostraka::protocol::testing
