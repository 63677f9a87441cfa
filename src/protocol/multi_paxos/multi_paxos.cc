#include "protocol/multi_paxos/multi_paxos.h"

#include "base/assert.h"
#include "protocol/multi_paxos/internal/admission.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace ostraka::protocol::multi_paxos {

// The five parts of every engine, and the tuning. NOLINTNEXTLINE(readability-function-size)
MultiPaxos::MultiPaxos(model::NodeId self, const Settings& settings, const Recovered& recovered,
                       std::uint64_t seed, base::Instant started, const Tuning& tuning)
    : self_(self),
      settings_(settings),
      tuning_(tuning),
      prng_(seed),
      now_(started),
      hard_(recovered.hard_state),
      log_(recovered),
      commit_(std::max(recovered.applied,
                       std::min(model::LogIndex{hard_.second_term.value()}, log_.filled()))),
      applied_(recovered.applied),
      trim_limit_(log_.base()) {
  OSTRAKA_ASSERT(!self.is_none() && self.value() < (1U << kNodeBits), "a ballot carries the node");
  OSTRAKA_ASSERT(applied_ >= log_.base() && applied_ <= log_.filled(),
                 "the applied index lies outside the log");
  // A late answer to an earlier life must not be taken for one to this: numbers start anywhere.
  s_.reads.forwarded.start_numbers_at(prng_.next() >> 1);
  s_.election.campaign = prng_.next() >> 1;
  s_.question = prng_.next() >> 1;
  told_.apply_upto = applied_;
  start_from(recovered);
  role_ = is_voter() ? Role::follower : Role::learner;
  told_.role = {role_, hard_.term, leader_};
  // A node that never knew a ballot has never answered a leader. A sole voter has no other leader
  // than itself, but for the one that made it so.
  if (!hard_.term.is_none() && !(is_sole_voter() && proposer_of(hard_.term) == self_)) {
    const base::Instant over = started + settings_.lease;
    s_.promise = {.until = over, .term = hard_.term, .former_until = over};
  }
}

void MultiPaxos::plant_bug(Mutant mutant) {
  mutant_ = mutant;
  if (mutant == Mutant::promise_forgotten_on_restart) {
    s_.promise = {};
  }
}

void MultiPaxos::step(const Event& event, Effects& effects) {
  OSTRAKA_ASSERT(event.now >= now_, "the monotonic clock fell");
  now_ = event.now;
  out_ = &effects;
  std::visit([this](const auto& body) { on(body); }, event.body);
  finish();
  out_ = nullptr;
}

void MultiPaxos::finish() {
  Durability& d = durability_;
  if (out_->append.present) {
    Append& append = out_->append;
    d.writes.close(append, hard_.term,
                   append.entries.empty() ? log_.last() : append.entries.back().index);
    if (!d.step_low.is_none()) {
      while (!d.lows.empty() && d.lows.back().low >= d.step_low) {
        d.lows.pop_back();
      }
      d.lows.push_back({append.token, d.step_low});
      d.step_low = {};
    }
  }
  told_.tell_apply(std::min(commit_, durable_upto()), *out_);
  const RoleChange now{role_, hard_.term, leader_};
  if (told_.tell_role(now, *out_)) {
    trace(TraceKind::role, static_cast<std::uint64_t>(now.role), now.term.value(),
          now.leader.value());
  }
}

void MultiPaxos::write(const EntryMeta& entry,
                       std::shared_ptr<const model::Configuration> configuration) {
  OSTRAKA_ASSERT(entry.index > told_.apply_upto, "what is applied stays");
  open_append();
  Append& append = out_->append;
  OSTRAKA_ASSERT(append.entries.empty() || append.entries.back().index < entry.index,
                 "slots rise within a write");
  append.entries.push_back(entry);
  if (configuration != nullptr) {
    append.configurations.push_back({entry.index, configuration});
  }
  log_.put(entry, std::move(configuration));
  if (durability_.step_low.is_none()) {
    durability_.step_low = entry.index;
  }
}

// No answer to a lower ballot from now on.
void MultiPaxos::promise(model::Term ballot) {
  OSTRAKA_ASSERT(ballot > hard_.term, "promises never fall");
  hard_.term = ballot;
  stream_ = {};
  durability_.ack_owed = false;
  persist_hard_state();
}

// With what is known to be chosen: after a restart, who decides about the next slot is known.
void MultiPaxos::persist_hard_state() {
  hard_.second_term = model::Term{commit_.value()};
  open_append();
  out_->append.hard_state = hard_;
  durability_.hard_state = out_->append.token;
}

model::LogIndex MultiPaxos::durable_upto() const {
  const Durability& d = durability_;
  model::LogIndex low = d.lows.empty() ? model::LogIndex{} : d.lows.front().low;
  if (!d.step_low.is_none() && (low.is_none() || d.step_low < low)) {
    low = d.step_low;
  }
  return low.is_none() ? log_.filled() : std::min(low.prev(), log_.filled());
}

Message& MultiPaxos::compose(model::NodeId to, MessageKind kind, AppendToken behind) {
  Message& message = durability_.writes.message_behind(behind, *out_);
  message.from = self_;
  message.to = to;
  message.kind = static_cast<std::uint8_t>(kind);
  message.term = hard_.term;
  return message;
}

// Every message tells the sender's ballot, so none leaves before that is durable.
Message& MultiPaxos::compose(model::NodeId to, MessageKind kind) {
  return compose(to, kind, durability_.hard_state);
}

void MultiPaxos::fail(RequestId id, base::ErrorCode code) {
  out_->failed.push_back({id, code, leader_ == self_ ? model::NodeId{} : leader_});
}

// No correct peer sends it: nothing of it is believed.
void MultiPaxos::refuse(const Message& message) {
  out_->message_refused = true;
  trace(TraceKind::ignored, message.from.value(), message.kind);
}

void MultiPaxos::trace(TraceKind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  if (settings_.trace) {
    out_->trace.push_back({static_cast<std::uint16_t>(kind), a, b, c});
  }
}

Peer* MultiPaxos::find(model::NodeId id) {
  const auto at = std::ranges::find(peers_, id, &Peer::id);
  return at == peers_.end() ? nullptr : &*at;
}

const Peer* MultiPaxos::find(model::NodeId id) const {
  const auto at = std::ranges::find(peers_, id, &Peer::id);
  return at == peers_.end() ? nullptr : &*at;
}

void MultiPaxos::on(const Started&) {
  restart_election_period();
  if (is_sole_voter() && now_ >= s_.promise.until) {
    start_phase1(nullptr);
  }
}

void MultiPaxos::on(const TimerFired& event) {
  if (event.id == kElectionTimer) {
    on_election_timer();
  } else if (event.id == kHeartbeatTimer) {
    on_heartbeat_timer();
  } else if (event.id == kDeadlineTimer) {
    on_deadline_timer();
  }
}

void MultiPaxos::on_heartbeat_timer() {
  if (role_ != Role::candidate && !is_leader()) {
    return;
  }
  if (is_leader()) {
    // A leader that no quorum has answered for an election timeout gives way, so that its clients
    // look elsewhere.
    if (now_ - quorum_heard() > settings_.election_timeout_max) {
      become_follower({});
      return;
    }
    send_heartbeats();
    repeat_transfer();
    send_to_all();
    advance_reads();
  }
  repeat_prepares();
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
}

void MultiPaxos::on_deadline_timer() {
  s_.deadlines.fired();
  expire_reads();
  expire_transfer();
  arm_deadline(s_.reads.pending.deadline());
  arm_deadline(s_.reads.forwarded.deadline());
  if (s_.transfer) {
    arm_deadline(s_.transfer->deadline);
  }
}

// A leader speaks: at its ballot, or this node has promised more.
bool MultiPaxos::follow(const Message& message) {
  if (message.term < hard_.term) {
    if (mutant_ == Mutant::accept_below_promise &&
        message.kind == static_cast<std::uint8_t>(MessageKind::accept)) {
      return true;
    }
    compose(message.from, MessageKind::accepted).reject = true;
    return false;
  }
  if (message.term > hard_.term) {
    promise(message.term);
    become_follower(message.from);
  } else if (leader_ != message.from) {
    become_follower(message.from);
  }
  return true;
}

// False when the message ends here because of its ballot.
bool MultiPaxos::settle_ballot(const Message& message) {
  seen_ = std::max(seen_, message.term);
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::pre_prepare:
    case MessageKind::pre_promise:
    case MessageKind::read_request:
      return true;
    case MessageKind::prepare:
      if (message.term < hard_.term) {
        compose(message.from, MessageKind::promise).reject = true;
        return false;
      }
      return true;
    case MessageKind::accept:
    case MessageKind::heartbeat:
      return follow(message);
    case MessageKind::promise:
    case MessageKind::accepted:
    case MessageKind::heartbeat_ack:
      // It has promised more than this node asked for: somebody else is coming, or was there.
      if (message.reject && message.term > hard_.term && find(message.from) != nullptr &&
          (is_leader() || role_ == Role::candidate)) {
        become_follower({});
        return false;
      }
      if (mutant_ == Mutant::late_accepted && !message.reject && is_leader() &&
          message.kind == static_cast<std::uint8_t>(MessageKind::accepted)) {
        return true;
      }
      return message.term == hard_.term || (message.reject && message.hint_term == hard_.term);
    case MessageKind::timeout_now:
    case MessageKind::read_ack:
      return message.term == hard_.term;
  }
  return false;
}

void MultiPaxos::on(const Received& event) {
  OSTRAKA_ASSERT(event.message != nullptr, "an event without its message");
  const Message& message = *event.message;
  if (log_lost_) {
    return;
  }
  if (message.to != self_ || message.from == self_ || message.from.is_none() ||
      !is_well_formed(message)) {
    refuse(message);
    return;
  }
  if (settle_ballot(message)) {
    dispatch(message);
  }
}

void MultiPaxos::dispatch(const Message& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::pre_prepare:
      return on_pre_prepare(message);
    case MessageKind::pre_promise:
      return on_pre_promise(message);
    case MessageKind::prepare:
      return on_prepare(message);
    case MessageKind::promise:
      return on_promise(message);
    case MessageKind::accept:
      return on_accept(message);
    case MessageKind::accepted:
      return on_accepted(message);
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

void MultiPaxos::on(const Durable& event) {
  Durability& d = durability_;
  d.writes.complete(event);
  while (!d.lows.empty() && d.lows.front().token <= d.writes.done()) {
    d.lows.pop_front();
  }
  if (role_ == Role::candidate) {
    if (Peer* self = find(self_); self != nullptr) {
      self->promised = self->promised || is_durable(d.hard_state);
    }
    try_lead();
  } else if (is_leader()) {
    advance_commit();
    extend();
  } else if (d.ack_owed && !leader_.is_none()) {
    acknowledge();
  }
}

void MultiPaxos::on(const Applied& event) {
  applied_ = std::max(applied_, event.index);
  if (is_sole_voter()) {
    trim_limit_ = applied_;
  }
}

void MultiPaxos::on(const LogCompacted& event) { log_.trim(std::min(event.index, log_.filled())); }

void MultiPaxos::on(const PeerUnreachable& event) {
  if (is_leader()) {
    Peer* peer = find(event.peer);
    if (peer != nullptr && peer->id != self_ && peer->flow == Flow::replicate) {
      begin_probe(*peer, peer->received.next());
    }
    return;
  }
  if (event.peer != leader_ || leader_.is_none()) {
    return;
  }
  if (mutant_ == Mutant::promise_broken_on_reset) {
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

void MultiPaxos::on(const StepDown&) {
  if (is_leader() || role_ == Role::candidate || role_ == Role::pre_candidate) {
    become_follower({});
  }
}

model::Term MultiPaxos::term_at(model::LogIndex index) const { return log_.term_at(index); }

model::LogIndex MultiPaxos::trim_limit() const {
  return mutant_ == Mutant::trim_early ? applied_ : std::min(trim_limit_, applied_);
}

ProtocolStatus MultiPaxos::status() const {
  ProtocolStatus status;
  status.role = role_;
  status.term = hard_.term;
  status.leader = leader_;
  status.first_index = log_.first();
  status.last_index = log_.last();
  status.durable_index = durable_upto();
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
         .match = peer.id == self_ ? std::min(s_.leading.proposed, durable_upto()) : peer.match,
         .recently_active = peer.id == self_ || now_ - peer.heard <= settings_.election_timeout_max,
         .needs_snapshot = peer.flow == Flow::snapshot,
         .learner = !peer.incoming && !peer.outgoing,
         .disk_full = peer.id == self_ ? disk_full_ : peer.disk_full});
  }
  return status;
}

}  // namespace ostraka::protocol::multi_paxos
