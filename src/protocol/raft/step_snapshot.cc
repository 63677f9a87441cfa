// Snapshots (Raft paper section 7). The transfer itself is the driver's; the protocol pauses
// replication to the peer while one is under way and decides what a received one is good for.
#include "base/assert.h"
#include "protocol/core/admission.h"
#include "protocol/raft/raft.h"

#include <algorithm>

namespace ostraka::protocol::raft {

void Raft::want_snapshot(Peer& peer) {
  if (now_ - peer.heard > settings_.election_timeout_max) {
    peer.probe_sent = true;  // not there: the answer to a later heartbeat brings us back here
    peer.asked_round = s_.leading.round;
    return;
  }
  peer.flow = Flow::snapshot;
  peer.in_flight.clear();
  out_->send_snapshot.push_back({peer.id, log_.base().prev()});
  trace(TraceKind::snapshot_wanted, peer.id.value(), log_.base().value());
}

void Raft::on(const SnapshotSent& event) {
  Peer* peer = find(event.to);
  if (!is_leader() || peer == nullptr || peer->flow != Flow::snapshot) {
    return;
  }
  if (event.ok) {
    peer->heard = now_;
    begin_probe(*peer, std::min(event.index, log_.last()).next());
    send_entries(*peer);
  } else {
    begin_probe(*peer, peer->match.next());
    peer->probe_sent = true;  // not at once again: after the next heartbeat
    peer->asked_round = s_.leading.round;
  }
}

void Raft::on(const SnapshotReceived& event) {
  const SnapshotMeta& meta = event.meta;
  if (installing_ || event.leader_term < hard_.term) {
    out_->discard_snapshot = true;
    return;
  }
  const bool other_leader =
      event.leader_term == hard_.term && !leader_.is_none() && leader_ != event.from;
  if (event.from == self_ || !is_well_formed(event) || other_leader) {
    refuse_snapshot();
    return;
  }
  if (event.leader_term > hard_.term || leader_.is_none()) {
    become_follower(event.leader_term, event.from);
  }
  s_.election.heard_leader = now_;
  postpone_election(now_ + s_.election.timeout);
  if (meta.index <= commit_) {
    out_->discard_snapshot = true;
    return;
  }
  if (log_.term_at(meta.index) == meta.term) {
    // "If existing log entry has same index and term ..., retain log entries following it": all of
    // it is here already.
    out_->discard_snapshot = true;
    commit_to(meta.index);
    return;
  }
  if (meta.index <= matched_) {
    // The same leader has shown another entry there, which may be committed while this is written.
    refuse_snapshot();
    return;
  }
  installing_ = meta;
  out_->install_snapshot = meta;
  trace(TraceKind::snapshot_install, meta.index.value(), meta.term.value());
}

void Raft::refuse_snapshot() {
  out_->message_refused = true;
  out_->discard_snapshot = true;
}

void Raft::on(const SnapshotInstalled& event) {
  const SnapshotMeta& meta = event.meta;
  installing_.reset();
  OSTRAKA_ASSERT(meta.index > commit_, "a snapshot replaced what is committed here");
  log_.reset(meta);
  durability_.log.restart_at(meta.index);
  commit_ = meta.index;
  applied_ = std::max(applied_, meta.index);
  told_.apply_upto = std::max(told_.apply_upto, meta.index);
  adopt_configuration();
  matched_ = meta.index;
  if (!leader_.is_none() && !is_leader()) {
    acknowledge();
  }
}

}  // namespace ostraka::protocol::raft
