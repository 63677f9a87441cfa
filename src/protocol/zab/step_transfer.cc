// Leadership transfer: the leader waits until the target holds its whole history, gives up its
// epoch, and with it its lease, and tells everybody to take the target for the leader. The oracle
// of phase 0 may name anybody; discovery and synchronisation follow as after an election.
#include "protocol/zab/zab.h"

namespace ostraka::protocol::zab {

void Zab::on(const TransferLeadership& event) {
  const Peer* peer = find(event.to);
  if (!is_leader()) {
    fail(event.id, not_leading());
  } else if (event.to == self_) {
    out_->done.push_back({event.id});
  } else if (peer == nullptr || !peer->incoming) {
    fail(event.id, base::ErrorCode::invalid_argument);
  } else if (s_.transfer) {
    fail(event.id, base::ErrorCode::busy);
  } else if (log_.configuration().index > commit_ || configuration().is_joint()) {
    fail(event.id, base::ErrorCode::membership_pending);
  } else {
    s_.transfer = Transfer{.id = event.id,
                           .to = event.to,
                           .deadline = now_ + settings_.election_timeout_min,
                           .term = hard_.term};
    arm_deadline(s_.transfer->deadline);
    trace(TraceKind::transfer, event.to.value(), 1);
    advance_transfer();
  }
}

// The target must have the whole history before it leads.
void Zab::advance_transfer() {
  if (!s_.transfer || !is_leader() || s_.transfer->term != hard_.term) {
    return;
  }
  const Peer* peer = find(s_.transfer->to);
  if (peer != nullptr && peer->introduced && peer->match == log_.last()) {
    trace(TraceKind::transfer, peer->id.value(), 2);
    hand_over(peer->id);
  }
}

// No read is served by the lease of this epoch any more: it is never led again.
void Zab::hand_over(model::NodeId to) {
  for (const Peer& peer : peers_) {
    if (peer.id != self_) {
      Message& message = compose(peer.id, MessageKind::hand_over);
      message.hint_index = model::LogIndex{to.value()};
    }
  }
  leave_leadership(Reason::asked);
  follow(to);
}

void Zab::on_hand_over(const Message& message) {
  if (!follows(message.from) || phase_ != Phase::broadcast || message.term != hard_.term) {
    return;
  }
  const model::NodeId to{static_cast<std::uint32_t>(message.hint_index.value())};
  // An established leader's word that it gave up ends every promise: those to leaders before it
  // were over before its epoch could be accepted.
  s_.promise.until = now_;
  phase_ = Phase::election;
  leader_ = {};
  durability_.ack_owed = false;
  if (to == self_ && may_lead(self_) && !installing_) {
    begin_leading();
  } else if (to != self_ && find(to) != nullptr) {
    follow(to);
  } else {
    look_for_leader();
  }
}

// To the follower that has most of the history, or to whom an election finds.
void Zab::resign() {
  const Peer* best = nullptr;
  for (const Peer& peer : peers_) {
    if (peer.id != self_ && peer.incoming && peer.introduced && is_leader() &&
        (best == nullptr || peer.match > best->match)) {
      best = &peer;
    }
  }
  if (best != nullptr && best->match == log_.last()) {
    hand_over(best->id);
  } else {
    give_up(Reason::asked);
  }
}

// A leader of a later epoch is known: the transfer is over, one way or the other.
void Zab::settle_transfer() {
  if (!s_.transfer || known_leader().is_none() || hard_.term == s_.transfer->term) {
    return;
  }
  const Transfer transfer = *s_.transfer;
  s_.transfer.reset();
  if (leader_ == transfer.to) {
    out_->done.push_back({transfer.id});
    trace(TraceKind::transfer, transfer.to.value(), 4);
  } else {
    fail(transfer.id, base::ErrorCode::transfer_failed);
  }
}

void Zab::expire_transfer() {
  if (!s_.transfer || now_ < s_.transfer->deadline) {
    return;
  }
  const Transfer transfer = *s_.transfer;
  s_.transfer.reset();
  fail(transfer.id, base::ErrorCode::transfer_failed);
  trace(TraceKind::transfer, transfer.to.value(), 3);
}

}  // namespace ostraka::protocol::zab
