// Raft as a deterministic state machine over metadata (protocol/core/protocol.h).
//
// Elections with pre-vote and check-quorum, pipelined replication, leader lease as the voters'
// promise, read index, leadership transfer, learners, membership change by single server and by
// joint consensus, snapshots. README.md maps the paper's sections to the files.
// Threads: none. Owns its copy of the log's metadata, no payloads. Errors: a request that cannot be
// done is answered in Effects::failed; a message that no correct peer sends has no effect but
// Effects::message_refused.
#pragma once

#include "base/prng.h"
#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/log.h"
#include "protocol/core/protocol.h"
#include "protocol/core/told.h"
#include "protocol/quorum/quorum.h"
#include "protocol/raft/state.h"
#include "protocol/raft/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::protocol::raft {

class Raft final : public Protocol {
 public:
  // `started` is the node's monotonic clock now: a node that may have made a promise before a
  // restart keeps it for a full lease from then. Requires recovered.applied within the log.
  Raft(model::NodeId self, const Settings& settings, const Recovered& recovered, std::uint64_t seed,
       base::Instant started);

  void step(const Event& event, Effects& effects) override;
  [[nodiscard]] ProtocolStatus status() const override;
  [[nodiscard]] const model::Configuration& configuration() const override;
  [[nodiscard]] model::LogIndex commit_index() const override { return commit_; }
  [[nodiscard]] model::Term term_at(model::LogIndex index) const override;
  [[nodiscard]] bool lease_covers(base::Instant now) const override;
  [[nodiscard]] std::string describe(const TraceRecord& record) const override;

  // For tests and the simulator only, before the first step.
  void plant_bug(Mutant mutant);

 private:
  // raft.cc: dispatch, time-outs, outboxes
  void on(const Started&);
  void on(const TimerFired& event);
  void on(const Received& event);
  void on(const Durable& event);
  void on(const Applied& event);
  void on(const LogCompacted& event);
  void on(const PeerUnreachable& event);
  void on(const StepDown&);
  void on(const DiskSpace& event) { disk_full_ = event.full; }
  bool settle_term(const Message& message);
  void answer_old_term(const Message& message);
  void on_heartbeat_timer();
  void on_deadline_timer();
  void arm_deadline(base::Instant deadline) { s_.deadlines.arm(deadline, *out_); }
  void finish();
  void open_append() { durability_.writes.open(out_->append); }
  void persist_hard_state();
  [[nodiscard]] bool is_durable(AppendToken token) const {
    return durability_.writes.is_durable(token);
  }
  Message& compose(model::NodeId to, MessageKind kind, AppendToken behind);
  Message& compose(model::NodeId to, MessageKind kind);
  void fail(RequestId id, base::ErrorCode code);
  void refuse(model::NodeId from, std::uint8_t kind);
  void trace(TraceKind kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);
  [[nodiscard]] bool is_leader() const { return role_ == Role::leader; }
  [[nodiscard]] Peer* find(model::NodeId id);
  [[nodiscard]] const Peer* find(model::NodeId id) const;
  // The greatest value of `of(peer)` that a quorum has reached; both majorities when joint.
  template <typename Of>
  [[nodiscard]] std::uint64_t quorum_value(Of of) const;
  [[nodiscard]] base::Instant quorum_heard() const;

  // step_election.cc
  void on(const Campaign&);
  void on_election_timer();
  void on_pre_vote(const Message& message);
  void on_pre_vote_ack(const Message& message);
  void on_vote(const Message& message);
  void on_vote_ack(const Message& message);
  [[nodiscard]] bool may_campaign() const;
  [[nodiscard]] bool stands_against(const Message& message) const;
  [[nodiscard]] bool is_promise_released(const Message& message) const;
  [[nodiscard]] bool is_up_to_date(const Message& message) const;
  void start_pre_vote();
  void start_election(const Message* timeout_now);
  void ask_for_votes(MessageKind kind, const Message* timeout_now);
  void count_ballots();
  void become_leader();
  void become_follower(model::Term term, model::NodeId leader);
  void leave_leadership();
  void restart_election_period();
  void postpone_election(base::Instant deadline);
  [[nodiscard]] quorum::Tally tally(bool outgoing) const;

  // step_replication.cc
  void on(const Propose& event);
  void on_append(const Message& message);
  void on_append_ack(const Message& message);
  void on_heartbeat(const Message& message);
  void on_heartbeat_ack(const Message& message);
  void append_own(EntryKind kind, std::uint32_t payload_bytes,
                  std::shared_ptr<const model::Configuration> configuration);
  [[nodiscard]] static model::Term last_term_of(const Message& message);
  void store_entries(const Message& message);
  bool truncate(model::LogIndex from);
  void reject_append(const Message& message);
  void owe_acknowledgement();
  void acknowledge();
  void note_heard(Peer& peer);
  void send_heartbeats();
  void advance_commit();
  void commit_to(model::LogIndex index);
  [[nodiscard]] bool has_lost(model::LogIndex acknowledged) const;
  void lose_log(const Message& message);

  // step_flow.cc
  void note_match(Peer& peer, model::LogIndex match, model::LogIndex received);
  void begin_probe(Peer& peer, model::LogIndex next);
  void begin_replicate(Peer& peer);
  [[nodiscard]] bool is_overdue(const Peer& peer, std::uint64_t answered_round) const;
  void ask(Peer& peer);
  void backtrack(Peer& peer, const Message& message);
  void send_entries(Peer& peer);
  void send_append(Peer& peer);
  void send_to_all();

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
  [[nodiscard]] bool has_committed_in_term() const;

  // step_transfer.cc
  void on(const TransferLeadership& event);
  void on_timeout_now(const Message& message);
  void advance_transfer();
  void tell_to_campaign(Peer& peer);
  void repeat_transfer();
  void settle_transfer();
  void expire_transfer();

  // membership.cc
  void on(const ChangeMembership& event);
  [[nodiscard]] std::optional<base::ErrorCode> refusal_of(const ChangeMembership& event) const;
  void adopt_configuration();
  void continue_change();
  void leave_as_removed();
  [[nodiscard]] bool is_voter() const;
  [[nodiscard]] bool may_lead() const;
  [[nodiscard]] bool is_sole_voter() const;
  [[nodiscard]] bool has_led_alone() const;

  const model::NodeId self_;
  const Settings settings_;
  base::Prng prng_;
  Mutant mutant_ = Mutant::none;
  base::Instant now_;
  Effects* out_ = nullptr;  // during a step only

  HardState hard_;
  Role role_ = Role::follower;
  model::NodeId leader_;
  Log log_;
  Durability durability_;
  model::LogIndex commit_;
  model::LogIndex applied_;
  Told told_;
  model::LogIndex matched_;  // follower: up to here the log equals that of hard_.term's leader
  std::optional<SnapshotMeta> installing_;
  bool disk_full_ = false;
  std::uint64_t resent_bytes_ = 0;
  bool log_lost_ = false;    // acknowledged entries are missing: no part in anything any more
  std::vector<Peer> peers_;  // sorted by id
  struct {
    Election election;
    LeasePromise promise;
    Leading leading;
    Reads reads;
    LazyTimer deadlines{kDeadlineTimer};  // of reads and of a transfer
    std::optional<Transfer> transfer;
  } s_;
  mutable std::vector<std::uint64_t> scratch_;  // for quorum_value: both electorates
};

}  // namespace ostraka::protocol::raft
