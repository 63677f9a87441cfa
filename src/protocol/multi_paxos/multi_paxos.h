// A minimal Multi-Paxos with a stable leader: it shows that the protocol interface fits an engine
// with slots, not only a log. Not for production; README.md says what is missing.
//
// A ballot is round << 16 | node. Each slot has the ballot at which its value was accepted; slots
// may have gaps and are overwritten at higher ballots; the chosen prefix is what is applied.
// Sources: Lamport, "Paxos Made Simple", 2001; van Renesse and Altinbuken, "Paxos Made Moderately
// Complex", 2015.
// Threads: none. Membership is static.
#pragma once

#include "base/prng.h"
#include "protocol/core/protocol.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::protocol::multi_paxos {

// Message::kind.
enum class MessageKind : std::uint8_t {
  prepare = 1,    // term = ballot, index = first slot asked for
  promise,        // entries = accepted slots from there on with their ballots; or reject
  accept,         // entries at ballot `term`; commit = chosen prefix
  accepted,       // slots index..hint_index are durable at ballot `term`; commit; or reject
  heartbeat,      // commit; context = read round
  heartbeat_ack,  // commit of the sender, context echoed; or reject
  learn,          // entries that are chosen, whatever their ballot
};

class MultiPaxos final : public Protocol {
 public:
  MultiPaxos(model::NodeId self, const Settings& settings, const Recovered& recovered,
             std::uint64_t seed);

  void step(const Event& event, Effects& effects) override;
  [[nodiscard]] ProtocolStatus status() const override;
  [[nodiscard]] const model::Configuration& configuration() const override {
    return *configuration_;
  }
  [[nodiscard]] model::Term term_at(model::LogIndex index) const override;
  // There is no lease: reads go by a round to a quorum.
  [[nodiscard]] bool lease_covers(base::Instant) const override { return false; }
  [[nodiscard]] model::LogIndex commit_index() const override { return commit_; }
  [[nodiscard]] std::string describe(const TraceRecord& record) const override;

 private:
  struct Slot {
    EntryMeta accepted;
    AppendToken written;     // durable here when this token is
    std::uint64_t acks = 0;  // leader: other voters that accepted at this ballot, by position
  };
  struct PendingRead {
    RequestId id;
    std::uint64_t round = 0;
    model::LogIndex index;
  };
  struct Peer {
    model::NodeId id;
    std::uint64_t round = 0;  // last heartbeat round it answered
    model::LogIndex commit;   // its chosen prefix, as it said last
  };

  void on(const Started&);
  void on(const TimerFired& event);
  void on(const Received& event);
  void on(const Propose& event);
  void on(const Durable& event);
  void on(const ReadBarrier& event);
  void on(const Campaign&);
  void on(const StepDown&);
  // Requests that a static membership cannot fulfil.
  void on(const ChangeMembership& event);
  void on(const TransferLeadership& event);
  void on(const SnapshotReceived&);
  template <typename T>
  void on(const T&) {}

  // Acceptor and learner: multi_paxos.cc.
  void on_prepare(const Message& message);
  void on_accept(const Message& message);
  void on_heartbeat(const Message& message);
  void on_learn(const Message& message);
  // Refuses a stale ballot; else promises and follows the sender.
  [[nodiscard]] bool follow(const Message& message, MessageKind answer);
  void learn_commit(const Message& message);
  void write(const EntryMeta& meta);
  void promise(model::Term ballot);
  void open_append();
  void finish();

  // Proposer: leader.cc.
  void campaign();
  void on_promise(const Message& message);
  void try_lead();
  void lead();
  void on_accepted(const Message& message);
  void on_heartbeat_ack(const Message& message);
  void advance();
  void answer_reads();
  void send_heartbeats();
  void send_slots(MessageKind kind, model::NodeId to, model::LogIndex first, model::LogIndex last);
  void step_down(model::NodeId leader);
  [[nodiscard]] bool is_majority(std::uint64_t others) const;
  [[nodiscard]] std::size_t position(model::NodeId id) const;

  Message& compose(Message& message, model::NodeId to, MessageKind kind);
  void arm_election();
  void set_role(Role role, model::NodeId leader);
  [[nodiscard]] model::LogIndex last_slot() const;

  const model::NodeId self_;
  const Settings settings_;
  base::Prng prng_;
  std::shared_ptr<const model::Configuration> configuration_;
  base::Instant now_;
  Effects* out_ = nullptr;  // during a step only

  HardState hard_;  // term = promised ballot
  std::map<model::LogIndex, Slot> slots_;
  model::LogIndex commit_;  // chosen prefix
  model::LogIndex told_upto_;
  AppendToken last_token_;
  AppendToken durable_;
  struct {
    Role role = Role::follower;
    model::NodeId leader;
    model::Term seen;            // highest ballot heard of
    std::uint64_t promised = 0;  // candidate: others that promised
    AppendToken recorded;        // candidate: its promise and what it learned are durable then
    model::LogIndex inherited;   // leader: slots up to here may have been chosen before
    std::uint64_t round = 0;     // heartbeat rounds
    std::vector<PendingRead> reads;
    std::vector<Peer> peers;  // every voter but this one
  } s_;
};

}  // namespace ostraka::protocol::multi_paxos
