// A production engine as a process of the laboratory: the driver around protocol::Protocol, with
// stable storage, payloads, a list of applied values, and answers to clients.
//
// It shows each write, message and applied entry to the engine's ClusterInvariants, which all nodes
// of a run share for watching; a violation becomes an output "invariant". Threads: none.
#pragma once

#include "lab/core/process.h"
#include "lab/protocols/engine/spec.h"
#include "lab/protocols/engine/wire.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace ostraka::lab::engine {

inline constexpr const char* kSnapshotTimer = "snapshot";  // beside those of the engine
[[nodiscard]] std::string key_of(model::LogIndex index);   // of an entry in Storage

// What watches a run: nothing in it decides anything.
struct Watch {
  std::unique_ptr<protocol::ClusterInvariants> invariants;
  std::map<model::NodeId, const protocol::Protocol*> up;
  bool is_told = false;  // one violation is enough
};

class NodeProcess final : public Process {
 public:
  struct Options {
    const Spec* spec = nullptr;
    protocol::Settings settings;
    std::shared_ptr<const model::Configuration> configuration;
    std::uint64_t keep = 0;  // entries before a snapshot takes their place; 0 = for ever
    std::int64_t bug = 0;
    std::shared_ptr<Watch> watch;  // of all nodes of the run
  };

  NodeProcess(const Birth& birth, Options options);
  ~NodeProcess() override;
  void step(const Event& event, Effects& effects) override;

 private:
  struct PendingWrite {
    WriteToken lab;
    protocol::AppendToken token;
    model::Term term;
    model::LogIndex index;
  };
  struct Request {
    ProcessId client;
    std::int64_t number = 0;
    model::Term term;
  };

  struct Read {
    ProcessId client;
    std::int64_t number = 0;
    model::LogIndex index;  // when this is applied the answer is new enough
  };

  struct SnapshotWrite {
    WriteToken lab;
    protocol::SnapshotMeta meta;
  };

  [[nodiscard]] protocol::Recovered recover(const Storage& storage);
  void on(const Started&, base::Instant now, Effects& out);
  void on(const TimerFired& fired, base::Instant now, Effects& out);
  void on(const Received& received, base::Instant now, Effects& out);
  void on(const Input& input, base::Instant now, Effects& out);
  void on(const Durable& durable, base::Instant now, Effects& out);
  void on_request(ProcessId client, const Fields& fields, base::Instant now, Effects& out);
  void on_read(ProcessId client, const Fields& fields, base::Instant now, Effects& out);
  void on_change(const Fields& fields, base::Instant now, Effects& out);
  void take_reads();
  void take_changes(Effects& out);
  void answer_reads(Effects& out);
  void drive(protocol::EventBody body, base::Instant now, Effects& out);
  void settle(base::Instant now, Effects& out);
  [[nodiscard]] std::string payload_for(const protocol::EntryMeta& entry) const;
  void take_append(Effects& out);
  void take_messages(Effects& out);
  void take_rest(Effects& out);
  void apply(base::Instant now, Effects& out);
  void apply_one(model::LogIndex index, Effects& out);
  void send(const protocol::Message& message, const Payloads& payloads, Effects& out);
  // node_snapshot.cc
  void recover_snapshot(const Storage& storage, protocol::Recovered& recovered);
  void compact(Effects& out);
  void take_snapshots(base::Instant now, Effects& out);
  void on_snapshot(ProcessId from, const Message& message, base::Instant now, Effects& out);
  void finish_snapshots(WriteToken token, base::Instant now, Effects& out);
  void give_up_snapshots(base::Instant now, Effects& out);
  void forget(model::LogIndex upto);
  void adopt(const Fields& fields);
  [[nodiscard]] Fields snapshot() const;
  void watch(base::Instant now, Effects& out);
  void show(Effects& out) const;

  ProcessId self_;
  model::NodeId node_;
  Options options_;
  std::unique_ptr<protocol::Protocol> engine_;
  protocol::Effects effects_;
  Payloads payloads_;
  Payloads incoming_;      // of the message being stepped
  std::string proposing_;  // of the request being stepped
  std::map<model::LogIndex, protocol::EntryMeta> log_;
  std::deque<PendingWrite> writes_;
  protocol::AppendToken durable_;
  std::deque<std::pair<protocol::AppendToken, protocol::Message>> waiting_;
  std::map<model::LogIndex, Request> requests_;  // proposed here, not applied yet
  std::map<protocol::RequestId, Read> asked_;    // reads whose place in the log is not known yet
  std::deque<Read> ready_;
  std::uint64_t last_request_ = 0;
  model::LogIndex applied_;
  std::set<std::string> done_;  // requests that the state has seen
  List state_;
  std::shared_ptr<const model::Configuration> configuration_;  // of the last one applied
  model::LogIndex compacted_;                                  // the log begins behind it
  std::set<protocol::RequestId> changes_;                      // under way
  ProcessId staged_from_;
  Fields staged_;                            // a snapshot that came, until it is on disk
  std::optional<SnapshotWrite> installing_;  // of another node
  std::optional<SnapshotWrite> compacting_;  // its own
  std::map<model::NodeId, model::LogIndex> sending_;
};

}  // namespace ostraka::lab::engine
