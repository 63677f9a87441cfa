// Phase 1, discovery (the paper, section 4; Medeiros, algorithm 1): a prospective leader opens an
// epoch above all that a quorum has accepted, and learns that no history there is later than its
// own. A voter accepts an epoch from one leader only, so at most one leader gets past this phase.
#include "base/assert.h"
#include "protocol/core/election.h"
#include "protocol/zab/internal/quorum_value.h"
#include "protocol/zab/zab.h"

#include <algorithm>
#include <tuple>

namespace ostraka::protocol::zab {

void Zab::follow(model::NodeId leader) {
  OSTRAKA_ASSERT(leader != self_ && !leads(), "a leader follows nobody");
  Election& election = s_.election;
  phase_ = Phase::discovery;
  leader_ = leader;
  s_.following = {.session = s_.following.session + 1,
                  .since = now_,
                  .introduced = false,
                  .ack_new_leader_owed = false,
                  .matched = {}};
  durability_.ack_owed = false;
  fail_forwarded_reads();
  election.decide_at = base::Instant::never();
  election.repeat_at = base::Instant::never();
  election.timeout = draw_election_timeout(settings_, false, prng_);
  hear_leader();
  arm_election(election.deadline);
  send_follower_info();
}

// CEPOCH, until it is answered.
void Zab::send_follower_info() {
  Message& message = compose(leader_, MessageKind::follower_info);
  message.context = s_.following.session;
  message.index = log_.last();
  message.log_term = log_.last_term();
  if (phase_ == Phase::discovery) {
    out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
  }
}

void Zab::begin_leading() {
  OSTRAKA_ASSERT(!leads(), "it leads already");
  phase_ = Phase::discovery;
  leader_ = self_;
  s_.election.decide_at = base::Instant::never();
  s_.election.repeat_at = base::Instant::never();
  s_.leading = Leading{};
  s_.leading.began = now_;
  fail_forwarded_reads();
  for (Peer& peer : peers_) {
    peer.acked = false;
    peer.adopted = false;
    peer.match = {};
    peer.sent = {};
    peer.round = 0;
    peer.asked_round = 0;
    peer.session = 0;
    peer.lease_stamp = {};
    peer.heard = now_;
    peer.disk_full = false;
    end_session(peer);
  }
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
  announce();
  choose_epoch();
}

void Zab::on_follower_info(const Message& message) {
  if (follows(message.from) && phase_ == Phase::broadcast && message.term == hard_.term) {
    // The leader of this epoch follows this node: it has given up, and hand_over is late or lost.
    Message implied = message;
    implied.hint_index = model::LogIndex{self_.value()};
    on_hand_over(implied);
  }
  Peer* peer = find(message.from);
  if (!leads() || peer == nullptr) {
    return;
  }
  if (s_.leading.chosen && message.term > hard_.term) {
    give_up(Reason::later_epoch);
    return;
  }
  note_heard(*peer);
  if (peer->session != message.context || !peer->joined) {
    end_session(*peer);
    peer->session = message.context;
    peer->joined = true;
    peer->accepted = std::max(message.term, message.log_term);
  }
  if (s_.leading.chosen) {
    if (!peer->answered) {
      send_new_epoch(*peer);
    }
  } else {
    choose_epoch();
    if (!s_.leading.chosen) {
      notify(message.from);  // it waits for more of them
    }
  }
}

// "e' such that it is later than any epoch received in a CEPOCH message" of a quorum.
void Zab::choose_epoch() {
  if (!is_quorum([this](const Peer& peer) { return peer.joined || peer.id == self_; })) {
    return;
  }
  model::Term epoch = std::max(hard_.term, log_.last_term());
  for (const Peer& peer : peers_) {
    if (peer.joined) {
      epoch = std::max(epoch, peer.accepted);
    }
  }
  s_.leading.chosen = true;
  s_.leading.former = hard_.second_term;
  hard_.term = epoch.next();
  hard_.vote = self_;
  persist_hard_state();
  durability_.accepted = out_->append.token;
  trace(TraceKind::epoch_proposed, hard_.term.value());
  for (const Peer& peer : peers_) {
    if (peer.joined) {
      send_new_epoch(peer);
    }
  }
}

void Zab::send_new_epoch(const Peer& peer) {
  Message& message = compose(peer.id, MessageKind::new_epoch);
  message.context = peer.session;
  message.flags = phase_ >= Phase::synchronisation ? kFlagEstablished : 0;
}

// While a promise to another leader holds, that one may be serving reads by its lease. Not when a
// quorum has given the epoch: each of them kept its promise first, and gives no earlier leader
// another.
bool Zab::may_accept(const Message& new_epoch) const {
  return (new_epoch.flags & kFlagEstablished) != 0 || now_ >= s_.promise.until ||
         s_.promise.leader == new_epoch.from;
}

void Zab::on_new_epoch(const Message& message) {
  if (!follows(message.from) || installing_) {
    return;
  }
  hear_leader();
  if (message.context != s_.following.session) {
    send_follower_info();  // a late one has opened an earlier session there
    return;
  }
  bool reject = false;
  if (message.term > hard_.term) {
    if (!may_accept(message)) {
      trace(TraceKind::epoch_refused, message.term.value(), message.from.value(), 1);
      return;  // it asks again
    }
    hard_.term = message.term;
    hard_.vote = message.from;
    s_.following.matched = {};
    s_.following.introduced = false;
    s_.following.ack_new_leader_owed = false;
    durability_.ack_owed = false;
    phase_ = Phase::synchronisation;
    if (mutant_ == Mutant::epoch_before_history) {
      hard_.second_term = hard_.term;
    }
    persist_hard_state();
    durability_.accepted = out_->append.token;
    trace(TraceKind::epoch_accepted, hard_.term.value(), message.from.value());
  } else if (hard_.vote != message.from && (message.flags & kFlagEstablished) != 0) {
    // A quorum has given it the epoch, so the one that this node gave it to never gets it.
    hard_.vote = message.from;
    persist_hard_state();
    durability_.accepted = out_->append.token;
  } else if (hard_.vote != message.from && mutant_ != Mutant::accept_epoch_twice) {
    reject = true;
    trace(TraceKind::epoch_refused, message.term.value(), message.from.value(), 2);
  }
  if (phase_ == Phase::discovery && !reject) {
    phase_ = Phase::synchronisation;
  }
  Message& answer = compose(message.from, MessageKind::ack_epoch);
  answer.reject = reject;
  answer.context = message.context;
  answer.hint_term = hard_.second_term;
  answer.index = log_.last();
  answer.log_term = log_.last_term();
}

// Of ACK-E: the follower's current epoch, then its last zxid.
bool Zab::is_later_than_own(const Message& message) const {
  if (mutant_ == Mutant::elect_by_counter) {
    return false;
  }
  return std::tuple(message.hint_term, message.log_term, message.index) >
         std::tuple(s_.leading.former, log_.last_term(), log_.last());
}

void Zab::on_ack_epoch(const Message& message) {
  Peer* peer = find(message.from);
  if (peer == nullptr) {
    return;
  }
  const bool discovers = phase_ == Phase::discovery;
  if (message.reject) {
    if (discovers) {
      give_up(Reason::no_epoch);  // another leader has this epoch, or will have
    }
    return;
  }
  if (discovers && is_later_than_own(message)) {
    give_up(Reason::later_history);  // this one should lead
    return;
  }
  note_heard(*peer);
  peer->acked = true;
  if (peer->joined && !peer->answered && peer->session == message.context) {
    peer->answered = true;
    start_session(*peer, message.index, message.log_term);
  }
  if (discovers) {
    count_epoch_acks();
  }
}

// Its own acceptance counts when it is durable, and is needed in any case.
void Zab::count_epoch_acks() {
  if (!s_.leading.chosen || !is_durable(durability_.accepted)) {
    return;
  }
  if (Peer* self = find(self_); self != nullptr) {
    self->acked = true;
  }
  if (is_quorum([](const Peer& peer) { return peer.acked; })) {
    begin_synchronisation();
  }
}

void Zab::give_up(Reason reason) {
  leave_leadership(reason);
  look_for_leader();
}

// Never takes up this epoch again: the next one that it leads is later.
void Zab::leave_leadership(Reason reason) {
  trace(TraceKind::given_up, hard_.term.value(), static_cast<std::uint64_t>(reason));
  fail_pending_reads(base::ErrorCode::no_leader);
  if (s_.leading.change) {
    fail(*s_.leading.change, base::ErrorCode::unknown_outcome);
  }
  s_.leading = Leading{};
  phase_ = Phase::election;
  leader_ = {};
  out_->timers.push_back({kHeartbeatTimer, base::Instant::never()});
}

}  // namespace ostraka::protocol::zab
