#include "protocol/zab/zab.h"

#include "base/assert.h"
#include "protocol/zab/internal/admission.h"
#include "protocol/zab/internal/quorum_value.h"

#include <algorithm>
#include <variant>

namespace ostraka::protocol::zab {

Zab::Zab(model::NodeId self, const Settings& settings, const Recovered& recovered,
         std::uint64_t seed, base::Instant started)
    : self_(self),
      settings_(settings),
      prng_(seed),
      now_(started),
      hard_(recovered.hard_state),
      log_(recovered),
      commit_(recovered.applied),
      applied_(recovered.applied) {
  OSTRAKA_ASSERT(!self.is_none(), "a node needs an identity");
  OSTRAKA_ASSERT(hard_.second_term <= hard_.term, "adopted an epoch that it never accepted");
  OSTRAKA_ASSERT(applied_ >= log_.base() && applied_ <= log_.last(),
                 "the applied index lies outside the log");
  durability_.log.start_at(log_.last());
  // A late answer to an earlier life must not be taken for one to this: numbers start anywhere.
  s_.reads.forwarded.start_numbers_at(prng_.next() >> 1);
  s_.following.session = prng_.next() >> 1;
  told_.apply_upto = applied_;
  adopt_configuration();
  told_.role = {role(), hard_.term, {}};
  // A node that never accepted an epoch has never promised a leader anything. A sole voter has no
  // other leader than itself, but for the one that made it so.
  if (!hard_.term.is_none() && !(is_sole_voter() && hard_.vote == self_)) {
    s_.promise.until = started + settings_.lease;
  }
}

void Zab::plant_bug(Mutant mutant) {
  mutant_ = mutant;
  if (mutant == Mutant::promise_lost_in_restart) {
    s_.promise = {};
  }
}

void Zab::step(const Event& event, Effects& effects) {
  OSTRAKA_ASSERT(event.now >= now_, "the monotonic clock fell");
  now_ = event.now;
  out_ = &effects;
  std::visit([this](const auto& body) { on(body); }, event.body);
  finish();
  out_ = nullptr;
}

void Zab::finish() {
  if (out_->append.present) {
    durability_.writes.close(out_->append, hard_.term, log_.last());
    durability_.log.add(out_->append.token, log_.last());
  }
  told_.tell_apply(std::min(commit_, durability_.log.index()), *out_);
  const RoleChange now{role(), hard_.term, known_leader()};
  if (told_.tell_role(now, *out_)) {
    trace(TraceKind::role, static_cast<std::uint64_t>(now.role), now.term.value(),
          now.leader.value());
  }
}

Role Zab::role() const {
  if (leads()) {
    return phase_ == Phase::broadcast ? Role::leader : Role::candidate;
  }
  if (!is_voter()) {
    return Role::learner;
  }
  return is_looking() ? Role::pre_candidate : Role::follower;
}

// Nobody serves before the epoch is established.
model::NodeId Zab::known_leader() const {
  return phase_ == Phase::broadcast ? leader_ : model::NodeId{};
}

void Zab::persist_hard_state() {
  open_append();
  out_->append.hard_state = hard_;
}

// Every message tells the sender's accepted epoch, so none leaves before that is durable.
Message& Zab::compose(model::NodeId to, MessageKind kind) {
  Message& message = durability_.writes.message_behind(durability_.accepted, *out_);
  message.from = self_;
  message.to = to;
  message.kind = static_cast<std::uint8_t>(kind);
  message.term = hard_.term;
  return message;
}

void Zab::fail(RequestId id, base::ErrorCode code) {
  out_->failed.push_back({id, code, leads() ? model::NodeId{} : known_leader()});
}

base::ErrorCode Zab::not_leading() const {
  return known_leader().is_none() || leads() ? base::ErrorCode::no_leader
                                             : base::ErrorCode::not_leader;
}

// No correct peer sends it: nothing of it is believed.
void Zab::refuse(model::NodeId from, std::uint8_t kind) {
  out_->message_refused = true;
  trace(TraceKind::ignored, from.value(), kind);
}

void Zab::trace(TraceKind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  if (settings_.trace) {
    out_->trace.push_back({static_cast<std::uint16_t>(kind), a, b, c});
  }
}

Peer* Zab::find(model::NodeId id) {
  const auto at =
      std::find_if(peers_.begin(), peers_.end(), [id](const Peer& peer) { return peer.id == id; });
  return at == peers_.end() ? nullptr : &*at;
}

const Peer* Zab::find(model::NodeId id) const {
  const auto at =
      std::find_if(peers_.begin(), peers_.end(), [id](const Peer& peer) { return peer.id == id; });
  return at == peers_.end() ? nullptr : &*at;
}

void Zab::on(const Started&) {
  if (now_ < s_.promise.until) {
    look_later(s_.promise.until);  // a live leader will have invited this node by then
  } else {
    look_for_leader();
  }
}

void Zab::on(const TimerFired& event) {
  if (log_lost_) {
    return;
  }
  if (event.id == kElectionTimer) {
    on_election_timer();
  } else if (event.id == kHeartbeatTimer) {
    on_heartbeat_timer();
  } else if (event.id == kDeadlineTimer) {
    on_deadline_timer();
  }
}

base::Instant Zab::quorum_heard() const {
  const std::uint64_t heard = quorum_value([this](const Peer& peer) {
    return static_cast<std::uint64_t>((peer.id == self_ ? now_ : peer.heard).as_nanoseconds());
  });
  return base::Instant::from_nanoseconds(static_cast<std::int64_t>(heard));
}

void Zab::on_heartbeat_timer() {
  if (!leads()) {
    if (phase_ == Phase::discovery) {
      send_follower_info();
    }
    return;
  }
  // A leader that no quorum answers any more gives up (Medeiros, algorithm 3: "if the leader does
  // not receive heartbeats from a quorum of followers ..., it abandons its leadership").
  if (now_ - quorum_heard() > settings_.election_timeout_max) {
    give_up(Reason::no_quorum);
    return;
  }
  if (phase_ == Phase::discovery && now_ - s_.leading.began > settings_.election_timeout_max * 2) {
    give_up(Reason::no_epoch);
    return;
  }
  if (s_.leading.chosen) {
    for (const Peer& peer : peers_) {
      if (peer.joined && !peer.answered) {
        send_new_epoch(peer);
      }
    }
    send_pings();
    send_to_all();
    advance_reads();
  }
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
}

void Zab::on_deadline_timer() {
  s_.deadlines.fired();
  expire_reads();
  expire_transfer();
  arm_deadline(s_.reads.pending.deadline());
  arm_deadline(s_.reads.forwarded.deadline());
  if (s_.transfer) {
    arm_deadline(s_.transfer->deadline);
  }
}

// False when the message ends here because of its epoch.
bool Zab::settle_epoch(const Message& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::notification:
    case MessageKind::follower_info:
    case MessageKind::sync:
      return true;  // their handlers compare epochs
    case MessageKind::new_epoch:
    case MessageKind::ping:
    case MessageKind::synchronise:
    case MessageKind::new_leader:
    case MessageKind::up_to_date:
    case MessageKind::propose:
    case MessageKind::hand_over:
    case MessageKind::sync_ack:
      if (message.term >= hard_.term) {
        return true;
      }
      if (mutant_ == Mutant::accept_old_epoch &&
          message.kind == static_cast<std::uint8_t>(MessageKind::propose)) {
        return true;
      }
      // The sender is deposed, or has to open a later epoch to win this node back.
      compose(message.from, MessageKind::pong).reject = true;
      return false;
    case MessageKind::ack_epoch:
    case MessageKind::ack_new_leader:
    case MessageKind::ack:
    case MessageKind::pong:
      if (message.term > hard_.term && leads() && find(message.from) != nullptr) {
        give_up(Reason::later_epoch);
      }
      return leads() && s_.leading.chosen && message.term == hard_.term;
  }
  return false;
}

void Zab::on(const Received& event) {
  OSTRAKA_ASSERT(event.message != nullptr, "an event without its message");
  const Message& message = *event.message;
  if (log_lost_) {
    return;
  }
  if (message.to != self_ || message.from == self_ || message.from.is_none() ||
      !is_well_formed(message)) {
    refuse(message.from, message.kind);
    return;
  }
  if (settle_epoch(message)) {
    dispatch(message);
  }
}

void Zab::dispatch(const Message& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::notification:
      return on_notification(message);
    case MessageKind::follower_info:
      return on_follower_info(message);
    case MessageKind::new_epoch:
      return on_new_epoch(message);
    case MessageKind::ack_epoch:
      return on_ack_epoch(message);
    case MessageKind::synchronise:
    case MessageKind::new_leader:
    case MessageKind::propose:
      return on_history(message);
    case MessageKind::ack_new_leader:
      return on_ack_new_leader(message);
    case MessageKind::up_to_date:
      return on_up_to_date(message);
    case MessageKind::ack:
      return on_ack(message);
    case MessageKind::ping:
      return on_ping(message);
    case MessageKind::pong:
      return on_pong(message);
    case MessageKind::hand_over:
      return on_hand_over(message);
    case MessageKind::sync:
      return on_sync(message);
    case MessageKind::sync_ack:
      return on_sync_ack(message);
  }
}

void Zab::on(const Durable& event) {
  Durability& d = durability_;
  d.writes.complete(event);
  d.log.complete(d.writes.done());
  if (!leads()) {
    if (d.ack_owed && phase_ >= Phase::synchronisation) {
      acknowledge();
    }
    return;
  }
  if (phase_ == Phase::discovery) {
    count_epoch_acks();
    return;
  }
  if (Peer* self = find(self_); self != nullptr && is_durable(d.adopted)) {
    self->adopted = true;
    self->match = d.log.index();
  }
  advance_commit();
}

void Zab::on(const Applied& event) {
  applied_ = std::max(applied_, event.index);
  open_epoch();
}

void Zab::on(const LogCompacted& event) { log_.compact(std::min(event.index, log_.last())); }

void Zab::on(const PeerUnreachable& event) {
  if (leads()) {
    Peer* peer = find(event.peer);
    if (peer != nullptr && peer->id != self_ && peer->flow == Flow::replicate) {
      begin_probe(*peer, std::max(peer->match, peer->received).next());
    }
    return;
  }
  if (event.peer != leader_ || leader_.is_none()) {
    return;
  }
  // Permission to look for another leader early, never within the promise.
  s_.election.leader_unreachable = true;
  const base::Instant earliest = std::max(now_, s_.promise.until);
  if (earliest < s_.election.deadline) {
    s_.election.deadline = earliest;
    arm_election(earliest);
  }
}

void Zab::on(const StepDown&) {
  if (leads()) {
    resign();
  }
}

const model::Configuration& Zab::configuration() const {
  return *log_.configuration().configuration;
}

model::Term Zab::term_at(model::LogIndex index) const { return log_.term_at(index); }

ProtocolStatus Zab::status() const {
  ProtocolStatus status;
  status.role = role();
  status.term = hard_.term;
  status.leader = known_leader();
  status.first_index = log_.first();
  status.last_index = log_.last();
  status.durable_index = durability_.log.index();
  status.commit = commit_;
  status.resent_bytes = resent_bytes_;
  if (!is_leader()) {
    return status;
  }
  status.lease_until = s_.leading.lease_until;
  status.peers.reserve(peers_.size());
  for (const Peer& peer : peers_) {
    status.peers.push_back(
        {.id = peer.id,
         .match = peer.match,
         .recently_active = peer.id == self_ || now_ - peer.heard <= settings_.election_timeout_max,
         .needs_snapshot = peer.flow == Flow::snapshot,
         .learner = !peer.incoming && !peer.outgoing,
         .disk_full = peer.id == self_ ? disk_full_ : peer.disk_full});
  }
  return status;
}

}  // namespace ostraka::protocol::zab
