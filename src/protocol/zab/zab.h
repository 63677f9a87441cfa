// ZAB as a deterministic state machine over metadata (protocol/core/protocol.h).
//
// Fast leader election, discovery, synchronisation (DIFF, TRUNC, SNAP), pipelined broadcast, leader
// lease as the voters' promise, reads by a round to a quorum, leadership transfer, learners,
// membership change by single server and by joint consensus, snapshots. README.md maps the papers'
// phases to the files. Log index = position, term = epoch: a zxid is (term, index - end of the
// epoch's initial history).
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
#include "protocol/zab/state.h"
#include "protocol/zab/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ostraka::protocol::zab {

class Zab final : public Protocol {
 public:
  // `started` is the node's monotonic clock now: a node that may have made a promise before a
  // restart keeps it for a full lease from then. Requires recovered.applied within the log.
  Zab(model::NodeId self, const Settings& settings, const Recovered& recovered, std::uint64_t seed,
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
  // zab.cc: dispatch, timers, outboxes
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
  bool settle_epoch(const Message& message);
  void on_heartbeat_timer();
  void on_deadline_timer();
  void arm_deadline(base::Instant deadline) { s_.deadlines.arm(deadline, *out_); }
  void finish();
  void open_append() { durability_.writes.open(out_->append); }
  void persist_hard_state();
  [[nodiscard]] bool is_durable(AppendToken token) const {
    return durability_.writes.is_durable(token);
  }
  Message& compose(model::NodeId to, MessageKind kind);
  void fail(RequestId id, base::ErrorCode code);
  [[nodiscard]] base::ErrorCode not_leading() const;
  void refuse(model::NodeId from, std::uint8_t kind);
  void trace(TraceKind kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);
  [[nodiscard]] bool leads() const { return leader_ == self_ && phase_ != Phase::election; }
  [[nodiscard]] bool is_leader() const { return leads() && phase_ == Phase::broadcast; }
  [[nodiscard]] bool follows(model::NodeId id) const { return !leads() && leader_ == id; }
  [[nodiscard]] Role role() const;
  [[nodiscard]] model::NodeId known_leader() const;
  [[nodiscard]] Peer* find(model::NodeId id);
  [[nodiscard]] const Peer* find(model::NodeId id) const;
  // The greatest value of `of(peer)` that a quorum has reached; both majorities when joint.
  template <typename Of>
  [[nodiscard]] std::uint64_t quorum_value(Of of) const;
  template <typename Is>
  [[nodiscard]] bool is_quorum(Is is) const;
  [[nodiscard]] base::Instant quorum_heard() const;

  // step_election.cc: phase 0
  void on(const Campaign&);
  void on_election_timer();
  void on_notification(const Message& message);
  bool support(const Message& message);
  void answer_notification(const Message& message);
  void count_notification(const Message& message);
  void look_for_leader();
  void suspect(model::NodeId candidate);
  [[nodiscard]] bool is_waiting() const;
  void look_later(base::Instant when);
  void continue_election();
  void take_vote(const Vote& vote);
  void announce();
  void notify(model::NodeId to);
  void judge_election();
  void join_serving_leader();
  void decide();
  [[nodiscard]] bool is_looking() const;
  [[nodiscard]] bool is_better(const Vote& vote, const Vote& than) const;
  [[nodiscard]] bool is_votable(const Vote& vote) const;
  [[nodiscard]] Vote own_vote() const;
  void arm_election(base::Instant deadline) { s_.election.timer.arm(deadline, *out_); }
  void hear_leader();

  // step_discovery.cc: phase 1, from both sides
  void follow(model::NodeId leader);
  void send_follower_info();
  void begin_leading();
  void on_follower_info(const Message& message);
  void choose_epoch();
  void send_new_epoch(const Peer& peer);
  void on_new_epoch(const Message& message);
  void on_ack_epoch(const Message& message);
  void count_epoch_acks();
  [[nodiscard]] bool may_accept(const Message& new_epoch) const;
  [[nodiscard]] bool is_later_than_own(const Message& message) const;
  void give_up(Reason reason);
  void leave_leadership(Reason reason);

  // step_synchronisation.cc: phase 2, from both sides
  void begin_synchronisation();
  void start_session(Peer& peer, model::LogIndex last, model::Term last_term);
  void on_history(const Message& message);
  [[nodiscard]] bool adopt_epoch(model::LogIndex last);
  [[nodiscard]] bool store_entries(const Message& message);
  bool truncate(model::LogIndex from);
  void reject_history(const Message& message);
  void owe_acknowledgement();
  void acknowledge();
  void on_ack_new_leader(const Message& message);
  void on_up_to_date(const Message& message);
  void begin_serving(model::LogIndex commit);
  void open_epoch();

  // step_broadcast.cc: phase 3
  void on(const Propose& event);
  void append_own(EntryKind kind, std::uint32_t payload_bytes,
                  std::shared_ptr<const model::Configuration> configuration);
  [[nodiscard]] bool has_room();
  void on_ack(const Message& message);
  void on_ping(const Message& message);
  void consider_invitation(const Message& message);
  void on_pong(const Message& message);
  void note_heard(Peer& peer) { peer.heard = now_; }
  void send_pings();
  void advance_commit();
  void commit_to(model::LogIndex index);
  [[nodiscard]] bool has_lost(model::LogIndex acknowledged) const;
  void lose_log(const Message& message);

  // step_flow.cc
  void note_match(Peer& peer, model::LogIndex match, model::LogIndex received);
  void end_session(Peer& peer);
  void begin_probe(Peer& peer, model::LogIndex next);
  void begin_replicate(Peer& peer);
  [[nodiscard]] bool is_overdue(const Peer& peer, std::uint64_t answered_round) const;
  void ask(Peer& peer);
  void backtrack(Peer& peer, const Message& message);
  void send_entries(Peer& peer);
  void send_history(Peer& peer);
  [[nodiscard]] MessageKind kind_for(Peer& peer, model::LogIndex end);
  void send_to_all();

  // step_snapshot.cc
  void on(const SnapshotSent& event);
  void on(const SnapshotReceived& event);
  void on(const SnapshotInstalled& event);
  void want_snapshot(Peer& peer);
  void refuse_snapshot();

  // step_reads.cc
  void on(const ReadBarrier& event);
  void on_sync(const Message& message);
  void on_sync_ack(const Message& message);
  void queue_read(const PendingRead& read);
  void advance_reads();
  void answer_read(const PendingRead& read, model::LogIndex index);
  void refuse_read(const PendingRead& read, base::ErrorCode code);
  void fail_pending_reads(base::ErrorCode code);
  void fail_forwarded_reads();
  void expire_reads();
  void update_lease();

  // step_transfer.cc
  void on(const TransferLeadership& event);
  void on_hand_over(const Message& message);
  void advance_transfer();
  void hand_over(model::NodeId to);
  void resign();
  void settle_transfer();
  void expire_transfer();

  // membership.cc
  void on(const ChangeMembership& event);
  [[nodiscard]] std::optional<base::ErrorCode> refusal_of(const ChangeMembership& event) const;
  void adopt_configuration();
  void continue_change();
  [[nodiscard]] bool is_voter() const;
  [[nodiscard]] bool may_lead(model::NodeId id) const;
  [[nodiscard]] bool is_sole_voter() const;

  const model::NodeId self_;
  const Settings settings_;
  base::Prng prng_;
  Mutant mutant_ = Mutant::none;
  base::Instant now_;
  Effects* out_ = nullptr;  // during a step only

  HardState hard_;  // term: accepted epoch, given to `vote`; second_term: current epoch
  Phase phase_ = Phase::election;
  model::NodeId leader_;  // none in an election
  Log log_;
  Durability durability_;
  model::LogIndex commit_;
  model::LogIndex applied_;
  Told told_;
  std::optional<SnapshotMeta> installing_;
  bool disk_full_ = false;
  bool log_lost_ = false;  // acknowledged entries are missing: no part in anything any more
  std::uint64_t resent_bytes_ = 0;
  std::vector<Peer> peers_;  // sorted by id
  struct {
    Election election;
    Promise promise;
    Following following;
    Leading leading;
    Reads reads;
    LazyTimer deadlines{kDeadlineTimer};  // of reads and of a transfer
    std::optional<Transfer> transfer;
  } s_;
  mutable std::vector<std::uint64_t> scratch_;  // for quorum_value: both electorates
};

}  // namespace ostraka::protocol::zab
