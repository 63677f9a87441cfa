#include "protocol/raft/raft.h"

#include "base/assert.h"
#include "protocol/raft/internal/admission.h"
#include "protocol/raft/internal/quorum_value.h"

#include <algorithm>
#include <variant>

namespace ostraka::protocol::raft {

Raft::Raft(model::NodeId self, const Settings& settings, const Recovered& recovered,
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
  OSTRAKA_ASSERT(applied_ >= log_.base() && applied_ <= log_.last(),
                 "the applied index lies outside the log");
  durability_.log.start_at(log_.last());
  // A late answer to an earlier life must not be taken for one to this: numbers start anywhere.
  s_.reads.forwarded.start_numbers_at(prng_.next() >> 1);
  s_.election.campaign = prng_.next() >> 1;
  told_.apply_upto = applied_;
  adopt_configuration();
  role_ = is_voter() ? Role::follower : Role::learner;
  told_.role = {role_, hard_.term, leader_};
  // A node that never knew a term has never answered a leader.
  if (!hard_.term.is_none() && !has_led_alone()) {
    const base::Instant over = started + settings_.lease;
    s_.promise = {.until = over, .term = hard_.term, .former_until = over};
  }
}

void Raft::plant_bug(Mutant mutant) {
  mutant_ = mutant;
  if (mutant == Mutant::vote_after_restart_within_promise) {
    s_.promise = {};
  } else if (mutant == Mutant::restart_promise_for_ever && !hard_.term.is_none()) {
    s_.promise.former_until = base::Instant::never();
  }
}

void Raft::step(const Event& event, Effects& effects) {
  OSTRAKA_ASSERT(event.now >= now_, "the monotonic clock fell");
  now_ = event.now;
  out_ = &effects;
  std::visit([this](const auto& body) { on(body); }, event.body);
  finish();
  out_ = nullptr;
}

void Raft::finish() {
  if (out_->append.present) {
    durability_.writes.close(out_->append, hard_.term, log_.last());
    durability_.log.add(out_->append.token, log_.last());
  }
  told_.tell_apply(std::min(commit_, durability_.log.index()), *out_);
  const RoleChange now{role_, hard_.term, leader_};
  if (told_.tell_role(now, *out_)) {
    trace(TraceKind::role, static_cast<std::uint64_t>(now.role), now.term.value(),
          now.leader.value());
  }
}

void Raft::persist_hard_state() {
  open_append();
  out_->append.hard_state = hard_;
  durability_.hard_state = out_->append.token;
}

Message& Raft::compose(model::NodeId to, MessageKind kind, AppendToken behind) {
  Message& message = durability_.writes.message_behind(behind, *out_);
  message.from = self_;
  message.to = to;
  message.kind = static_cast<std::uint8_t>(kind);
  message.term = hard_.term;
  return message;
}

// Every message tells the sender's term, so none leaves before that term is durable.
Message& Raft::compose(model::NodeId to, MessageKind kind) {
  return compose(to, kind, durability_.hard_state);
}

void Raft::fail(RequestId id, base::ErrorCode code) {
  out_->failed.push_back({id, code, leader_ == self_ ? model::NodeId{} : leader_});
}

// No correct peer sends it: nothing of it is believed.
void Raft::refuse(model::NodeId from, std::uint8_t kind) {
  out_->message_refused = true;
  trace(TraceKind::ignored, from.value(), kind);
}

void Raft::trace(TraceKind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  if (settings_.trace) {
    out_->trace.push_back({static_cast<std::uint16_t>(kind), a, b, c});
  }
}

Peer* Raft::find(model::NodeId id) {
  for (Peer& peer : peers_) {
    if (peer.id == id) {
      return &peer;
    }
  }
  return nullptr;
}

const Peer* Raft::find(model::NodeId id) const {
  for (const Peer& peer : peers_) {
    if (peer.id == id) {
      return &peer;
    }
  }
  return nullptr;
}

void Raft::on(const Started&) {
  restart_election_period();
  if (is_sole_voter()) {
    if (now_ < s_.promise.until) {
      postpone_election(s_.promise.until);
    } else {
      start_election(nullptr);
    }
  }
}

void Raft::on(const TimerFired& event) {
  if (event.id == kElectionTimer) {
    on_election_timer();
  } else if (event.id == kHeartbeatTimer) {
    on_heartbeat_timer();
  } else if (event.id == kDeadlineTimer) {
    on_deadline_timer();
  }
}

base::Instant Raft::quorum_heard() const {
  const std::uint64_t heard = quorum_value([this](const Peer& peer) {
    return static_cast<std::uint64_t>((peer.id == self_ ? now_ : peer.heard).as_nanoseconds());
  });
  return base::Instant::from_nanoseconds(static_cast<std::int64_t>(heard));
}

void Raft::on_heartbeat_timer() {
  if (!is_leader()) {
    return;
  }
  // Check-quorum (thesis 6.2): a leader that no quorum has answered for an election timeout gives
  // way, so that its clients look elsewhere.
  if (now_ - quorum_heard() > settings_.election_timeout_max &&
      mutant_ != Mutant::no_check_quorum) {
    become_follower(hard_.term, {});
    return;
  }
  send_heartbeats();
  repeat_transfer();
  send_to_all();
  advance_reads();
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
}

void Raft::on_deadline_timer() {
  s_.deadlines.fired();
  expire_reads();
  expire_transfer();
  arm_deadline(s_.reads.pending.deadline());
  arm_deadline(s_.reads.forwarded.deadline());
  if (s_.transfer) {
    arm_deadline(s_.transfer->deadline);
  }
}

// False when the message ends here because of its term (Figure 2, "Rules for all servers").
bool Raft::settle_term(const Message& message) {
  const auto kind = static_cast<MessageKind>(message.kind);
  if (message.term < hard_.term) {
    // A read request asks whoever leads now; its sender's term does not matter. A pre-vote may come
    // from a voter that is behind: it answers without taking over a term.
    if (kind == MessageKind::read_request || kind == MessageKind::pre_vote_ack) {
      return true;
    }
    answer_old_term(message);
    return false;
  }
  if (kind == MessageKind::pre_vote) {
    return true;  // asks only; nobody's term changes by it (thesis 9.6)
  }
  if (kind == MessageKind::vote && stands_against(message)) {
    trace(TraceKind::vote_refused, message.from.value(), message.term.value(), 1);
    return false;  // neither the vote nor the term is given (section 6, last paragraph)
  }
  const bool from_leader = kind == MessageKind::append || kind == MessageKind::heartbeat;
  if (message.term > hard_.term) {
    become_follower(message.term, from_leader ? message.from : model::NodeId{});
  } else if (from_leader && leader_ != message.from) {
    if (is_leader() || (!leader_.is_none() && leader_ != message.from)) {
      refuse(message.from, message.kind);
      return false;  // two leaders in one term: not by correct peers
    }
    become_follower(message.term, message.from);
  }
  return true;
}

void Raft::answer_old_term(const Message& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::pre_vote:
      if (mutant_ == Mutant::prevote_silent) {
        return;
      }
      {
        Message& answer = compose(message.from, MessageKind::pre_vote_ack);
        answer.reject = true;
        answer.context = message.context;
      }
      return;
    case MessageKind::vote:
      compose(message.from, MessageKind::vote_ack).reject = true;
      return;
    case MessageKind::append:
    case MessageKind::heartbeat: {
      Message& answer = compose(message.from, MessageKind::append_ack);
      answer.reject = true;
      answer.index = message.index;
      return;
    }
    case MessageKind::pre_vote_ack:
    case MessageKind::vote_ack:
    case MessageKind::append_ack:
    case MessageKind::heartbeat_ack:
    case MessageKind::timeout_now:
    case MessageKind::read_request:
    case MessageKind::read_ack:
      return;
  }
}

void Raft::on(const Received& event) {
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
  if (!settle_term(message)) {
    return;
  }
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::pre_vote:
      return on_pre_vote(message);
    case MessageKind::pre_vote_ack:
      return on_pre_vote_ack(message);
    case MessageKind::vote:
      return on_vote(message);
    case MessageKind::vote_ack:
      return on_vote_ack(message);
    case MessageKind::append:
      return on_append(message);
    case MessageKind::append_ack:
      return on_append_ack(message);
    case MessageKind::heartbeat:
      return on_heartbeat(message);
    case MessageKind::heartbeat_ack:
      return on_heartbeat_ack(message);
    case MessageKind::timeout_now:
      return on_timeout_now(message);
    case MessageKind::read_request:
      return on_read_request(message);
    case MessageKind::read_ack:
      return on_read_ack(message);
  }
}

void Raft::on(const Durable& event) {
  Durability& d = durability_;
  d.writes.complete(event);
  d.log.complete(d.writes.done());
  if (role_ == Role::candidate && is_durable(d.hard_state)) {
    if (Peer* self = find(self_); self != nullptr && self->ballot == Ballot::open) {
      self->ballot = Ballot::granted;
      count_ballots();
    }
  }
  if (is_leader()) {
    if (Peer* self = find(self_); self != nullptr) {
      self->match = d.log.index();
    }
    advance_commit();
  } else if (d.ack_owed && !leader_.is_none()) {
    acknowledge();
  }
}

void Raft::on(const Applied& event) { applied_ = std::max(applied_, event.index); }

void Raft::on(const LogCompacted& event) { log_.compact(std::min(event.index, log_.last())); }

void Raft::on(const PeerUnreachable& event) {
  if (is_leader()) {
    Peer* peer = find(event.peer);
    if (peer != nullptr && peer->id != self_ && peer->flow == Flow::replicate) {
      begin_probe(*peer, std::max(peer->match, peer->received).next());
    }
    return;
  }
  if (event.peer != leader_ || leader_.is_none()) {
    return;
  }
  if (mutant_ == Mutant::vote_within_promise_on_reset) {
    s_.promise = {};
  }
  // Permission to campaign early, a little apart from the others, never within the promise.
  s_.election.leader_unreachable = true;
  const base::Instant deadline =
      std::max(now_, s_.promise.until) + draw_early_campaign(settings_, prng_);
  if (deadline < s_.election.deadline) {
    postpone_election(deadline);
  }
}

void Raft::on(const StepDown&) {
  if (is_leader() || role_ == Role::candidate || role_ == Role::pre_candidate) {
    become_follower(hard_.term, {});
  }
}

const model::Configuration& Raft::configuration() const {
  return *log_.configuration().configuration;
}

model::Term Raft::term_at(model::LogIndex index) const { return log_.term_at(index); }

ProtocolStatus Raft::status() const {
  ProtocolStatus status;
  status.role = role_;
  status.term = hard_.term;
  status.leader = leader_;
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

}  // namespace ostraka::protocol::raft
