// Multi-Paxos with a stable leader as a deterministic state machine over metadata
// (protocol/core/protocol.h).
//
// Phase 1 for the whole open log at once, pipelined phase 2, slots chosen in any order and applied
// without gaps, leader lease as the acceptors' promise, read index, leadership transfer, learners,
// reconfiguration with a window alpha, flexible quorums, trimming and snapshots. README.md maps the
// papers to the files.
// Threads: none. Owns its copy of the slots' metadata, no payloads. Errors: a request that cannot
// be done is answered in Effects::failed; a message that no correct peer sends has no effect but
// Effects::message_refused.
#pragma once

#include "base/prng.h"
#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/protocol.h"
#include "protocol/core/told.h"
#include "protocol/multi_paxos/internal/slot_log.h"
#include "protocol/multi_paxos/state.h"
#include "protocol/multi_paxos/types.h"
#include "protocol/quorum/quorum.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::protocol::multi_paxos {

// The quorums fit so many voters, and the window is possible.
[[nodiscard]] bool is_usable(const Tuning& tuning, std::size_t voters);

class MultiPaxos final : public Protocol {
 public:
  // `started` is the node's monotonic clock now: a node that may have made a promise before a
  // restart keeps it for a full lease from then. Requires is_usable(tuning, voters) for the
  // configuration that it starts from.
  MultiPaxos(model::NodeId self, const Settings& settings, const Recovered& recovered,
             std::uint64_t seed, base::Instant started, const Tuning& tuning = {});

  void step(const Event& event, Effects& effects) override;
  [[nodiscard]] ProtocolStatus status() const override;
  // The newest that is chosen. While it waits for its slot, voters_outgoing are those still in
  // force.
  [[nodiscard]] const model::Configuration& configuration() const override {
    return *chosen_.configuration;
  }
  [[nodiscard]] model::LogIndex commit_index() const override { return commit_; }
  [[nodiscard]] model::Term term_at(model::LogIndex index) const override;
  [[nodiscard]] bool lease_covers(base::Instant now) const override;
  [[nodiscard]] model::LogIndex trim_limit() const override;
  [[nodiscard]] bool keeps_slots() const override { return true; }
  [[nodiscard]] std::string describe(const TraceRecord& record) const override;

  // For tests and the simulator only, before the first step.
  void plant_bug(Mutant mutant);

 private:
  // multi_paxos.cc: dispatch, ballots, time-outs, outboxes
  void on(const Started&);
  void on(const TimerFired& event);
  void on(const Received& event);
  void on(const Durable& event);
  void on(const Applied& event);
  void on(const LogCompacted& event);
  void on(const PeerUnreachable& event);
  void on(const StepDown&);
  void on(const DiskSpace& event) { disk_full_ = event.full; }
  void dispatch(const Message& message);
  bool settle_ballot(const Message& message);
  bool follow(const Message& message);
  void on_heartbeat_timer();
  void on_deadline_timer();
  void arm_deadline(base::Instant deadline) { s_.deadlines.arm(deadline, *out_); }
  void finish();
  void open_append() { durability_.writes.open(out_->append); }
  void write(const EntryMeta& entry, std::shared_ptr<const model::Configuration> configuration);
  void promise(model::Term ballot);
  void persist_hard_state();
  [[nodiscard]] bool is_durable(AppendToken token) const {
    return durability_.writes.is_durable(token);
  }
  // Every slot up to here that is written is durable.
  [[nodiscard]] model::LogIndex durable_upto() const;
  Message& compose(model::NodeId to, MessageKind kind, AppendToken behind);
  Message& compose(model::NodeId to, MessageKind kind);
  void fail(RequestId id, base::ErrorCode code);
  void refuse(const Message& message);
  void trace(TraceKind kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);
  [[nodiscard]] bool is_leader() const { return role_ == Role::leader; }
  [[nodiscard]] Peer* find(model::NodeId id);
  [[nodiscard]] const Peer* find(model::NodeId id) const;

  // step_election.cc: who stands, who promises
  void on(const Campaign&);
  void on_election_timer();
  void on_pre_prepare(const Message& message);
  void on_pre_promise(const Message& message);
  void on_prepare(const Message& message);
  [[nodiscard]] bool may_campaign() const;
  [[nodiscard]] bool stands_against(const Message& message) const;
  [[nodiscard]] bool can_report_from(model::LogIndex first) const;
  void note_candidate();
  void start_pre_prepare();
  void start_phase1(const Message* timeout_now);
  void become_follower(model::NodeId leader);
  void leave_leadership();
  void restart_election_period();
  void postpone_election(base::Instant deadline);

  // step_phase1.cc: what was accepted before
  void report(const Message& message);
  void ask_report(const Peer& peer, const Message* timeout_now);
  [[nodiscard]] bool lacks_promises() const;
  void repeat_prepares();
  void on_promise(const Message& message);
  bool adopt(const Message& message);
  void try_lead();
  void lead();
  void propose_inherited();
  void extend();

  // step_accept.cc: phase 2
  void on(const Propose& event);
  void on_accept(const Message& message);
  void on_accepted(const Message& message);
  void on_heartbeat(const Message& message);
  void on_heartbeat_ack(const Message& message);
  void propose_own(EntryKind kind, std::uint32_t payload_bytes,
                   std::shared_ptr<const model::Configuration> configuration);
  void put_at_own_ballot(EntryMeta entry,
                         std::shared_ptr<const model::Configuration> configuration);
  [[nodiscard]] bool may_propose(model::LogIndex slot) const;
  [[nodiscard]] model::LogIndex known_chosen(const Message& message) const;
  bool store(const Message& message);
  void follow_prefix();
  void acknowledge_ranges(const Message& message);
  void answer_question(const Message& message);
  void acknowledge();
  void note_heard(Peer& peer) { peer.heard = now_; }
  void send_heartbeats();
  void advance_commit();
  [[nodiscard]] bool is_chosen(model::LogIndex slot) const;
  void trace_chosen_beyond();
  void commit_to(model::LogIndex index);
  [[nodiscard]] bool has_lost(model::LogIndex acknowledged) const;
  void lose_log(const Message& message);

  // step_flow.cc: what a leader sends ahead to a peer, asks it about, sends again
  void note_match(Peer& peer, model::LogIndex match, model::LogIndex received);
  void note_range(Peer& peer, SlotRange range);
  void take_answer(Peer& peer, const Message& message);
  [[nodiscard]] static bool has_accepted(const Peer& peer, model::LogIndex slot);
  [[nodiscard]] bool needs_no(const Peer& peer, model::LogIndex slot) const;
  void begin_probe(Peer& peer, model::LogIndex next);
  void begin_replicate(Peer& peer);
  [[nodiscard]] bool is_overdue(const Peer& peer, std::uint64_t answered_round) const;
  void ask(Peer& peer);
  void send_slots(Peer& peer);
  void send_accept(Peer& peer);
  std::uint32_t fill_accept(Message& message, Peer& peer);
  void send_to_all();
  void attach(Message& message, const EntryMeta& entry) const;

  // step_snapshot.cc
  void on(const SnapshotSent& event);
  void on(const SnapshotReceived& event);
  void on(const SnapshotInstalled& event);
  void want_snapshot(Peer& peer);
  void refuse_snapshot();

  // step_reads.cc
  void on(const ReadBarrier& event);
  void on_read_request(const Message& message);
  void on_read_ack(const Message& message);
  void queue_read(const PendingRead& read);
  void advance_reads();
  void answer_read(const PendingRead& read, model::LogIndex index);
  void refuse_read(const PendingRead& read, base::ErrorCode code);
  void fail_pending_reads(base::ErrorCode code);
  void fail_forwarded_reads();
  void expire_reads();
  void update_lease();
  [[nodiscard]] bool has_recovered() const;
  [[nodiscard]] base::Instant quorum_heard() const;

  // step_transfer.cc
  void on(const TransferLeadership& event);
  void on_timeout_now(const Message& message);
  void advance_transfer();
  void tell_to_campaign(Peer& peer);
  void repeat_transfer();
  void settle_transfer();
  void expire_transfer();

  // membership.cc: who decides about which slot
  void on(const ChangeMembership& event);
  [[nodiscard]] std::optional<base::ErrorCode> refusal_of(const ChangeMembership& event) const;
  void start_from(const Recovered& recovered);
  void adopt_configuration();
  void adopt_chosen(model::LogIndex before);
  [[nodiscard]] bool has_open_change() const;
  [[nodiscard]] const ConfigurationAt* open_change() const;
  void fill_window();
  void continue_change();
  void leave_as_removed();
  [[nodiscard]] bool is_voter() const;
  [[nodiscard]] bool is_sole_voter() const;
  [[nodiscard]] model::LogIndex in_force_from() const;
  [[nodiscard]] Electorate electorate_of(model::LogIndex slot) const;
  [[nodiscard]] Electorate electorate_now() const;
  [[nodiscard]] std::size_t needed(bool outgoing, Phase phase) const;
  [[nodiscard]] bool are_ready() const;
  [[nodiscard]] bool has_promises(model::LogIndex slot) const;
  [[nodiscard]] quorum::Outcome outcome_of(Electorate electorate) const;
  // The greatest value of `of(peer)` that a quorum of the phase has reached.
  template <typename Of>
  [[nodiscard]] std::uint64_t quorum_value(Electorate electorate, Phase phase, Of of) const;

  const model::NodeId self_;
  const Settings settings_;
  const Tuning tuning_;
  base::Prng prng_;
  Mutant mutant_ = Mutant::none;
  base::Instant now_;
  Effects* out_ = nullptr;  // during a step only

  // term = promised ballot, a leader's and a candidate's own; second_term = a chosen prefix
  HardState hard_;
  model::Term seen_;  // the highest ballot heard of
  Role role_ = Role::follower;
  model::NodeId leader_;
  SlotLog log_;
  Chosen chosen_;
  Durability durability_;
  model::LogIndex commit_;  // the chosen prefix
  model::LogIndex applied_;
  model::LogIndex trim_limit_;  // a quorum has applied so far
  Stream stream_;
  Told told_;
  std::optional<SnapshotMeta> installing_;
  bool disk_full_ = false;
  bool log_lost_ = false;  // acknowledged slots are missing: no part in anything any more
  std::uint64_t resent_bytes_ = 0;
  std::vector<Peer> peers_;  // sorted by id
  struct {
    Election election;
    LeasePromise promise;
    Leading leading;
    Reads reads;
    LazyTimer deadlines{kDeadlineTimer};  // of reads and of a transfer
    std::optional<Transfer> transfer;
    std::uint64_t question = 0;  // newest number given to a probe or question
  } s_;
  mutable std::vector<std::uint64_t> scratch_;  // for quorum_value
};

}  // namespace ostraka::protocol::multi_paxos
