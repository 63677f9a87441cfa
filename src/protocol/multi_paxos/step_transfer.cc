// Leadership transfer, safe for the lease: the leader first gives up its lease, then tells the
// target to campaign and names the round up to which promises are released.
#include "protocol/multi_paxos/multi_paxos.h"

namespace ostraka::protocol::multi_paxos {

void MultiPaxos::on(const TransferLeadership& event) {
  const Peer* peer = find(event.to);
  if (!is_leader()) {
    fail(event.id, leader_.is_none() ? base::ErrorCode::no_leader : base::ErrorCode::not_leader);
  } else if (event.to == self_) {
    out_->done.push_back({event.id});
  } else if (peer == nullptr || !peer->incoming) {
    fail(event.id, base::ErrorCode::invalid_argument);
  } else if (s_.transfer) {
    fail(event.id, base::ErrorCode::busy);
  } else if (has_open_change()) {
    fail(event.id, base::ErrorCode::membership_pending);
  } else {
    s_.transfer = Transfer{.id = event.id,
                           .to = event.to,
                           .deadline = now_ + settings_.election_timeout_min,
                           .told = false,
                           .term = hard_.term};
    arm_deadline(s_.transfer->deadline);
    trace(TraceKind::transfer, event.to.value(), 1);
    advance_transfer();
  }
}

// The target has every slot before it campaigns, so that its phase 1 brings nothing new.
void MultiPaxos::advance_transfer() {
  if (!s_.transfer || s_.transfer->told || !is_leader()) {
    return;
  }
  Peer* peer = find(s_.transfer->to);
  const Leading& leading = s_.leading;
  if (peer != nullptr && peer->match == leading.proposed && leading.proposed >= leading.inherited) {
    s_.transfer->told = true;
    s_.transfer->round = leading.round;
    tell_to_campaign(*peer);
    trace(TraceKind::transfer, peer->id.value(), 2);
  }
}

// From here on no read is served by the lease until a quorum renews it in a later round.
void MultiPaxos::tell_to_campaign(Peer& peer) {
  Leading& leading = s_.leading;
  Message& message = compose(peer.id, MessageKind::timeout_now);
  message.context = leading.round;
  if (mutant_ == Mutant::lease_kept_in_transfer) {
    return;
  }
  leading.lease_floor = leading.round;
  for (Peer& each : peers_) {
    each.lease_stamp = {};
  }
  update_lease();
  trace(TraceKind::lease_given_up, leading.round);
}

// A target that has just started refuses until it knows that its configuration is chosen, which the
// heartbeat before tells it; and the message may be lost. The round stays that of the first.
void MultiPaxos::repeat_transfer() {
  if (s_.transfer && s_.transfer->told) {
    compose(s_.transfer->to, MessageKind::timeout_now).context = s_.transfer->round;
  }
}

void MultiPaxos::on_timeout_now(const Message& message) {
  // A promise made in a later round belongs to a leader that has aborted this transfer.
  const bool released =
      s_.promise.is_released(message.term, message.context, now_) || now_ >= s_.promise.until;
  if (message.from != leader_ || is_leader() || !is_voter() || installing_ || has_open_change() ||
      !released) {
    return;
  }
  start_phase1(&message);
}

// A new leader is known: the transfer is over, one way or the other.
void MultiPaxos::settle_transfer() {
  if (!s_.transfer || leader_.is_none() || hard_.term == s_.transfer->term) {
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

void MultiPaxos::expire_transfer() {
  if (!s_.transfer || now_ < s_.transfer->deadline) {
    return;
  }
  const Transfer transfer = *s_.transfer;
  s_.transfer.reset();
  fail(transfer.id, base::ErrorCode::transfer_failed);
  trace(TraceKind::transfer, transfer.to.value(), 3);
}

}  // namespace ostraka::protocol::multi_paxos
