// SNAP (Medeiros, section 4.3): the leader's log no longer reaches back to what the follower has.
// The transfer itself is the driver's; the protocol pauses the session's entries while one is under
// way and decides what a received one is good for. NEWLEADER follows it as it follows DIFF.
#include "base/assert.h"
#include "protocol/core/admission.h"
#include "protocol/zab/zab.h"

#include <algorithm>

namespace ostraka::protocol::zab {

void Zab::want_snapshot(Peer& peer) {
  if (now_ - peer.heard > settings_.election_timeout_max) {
    peer.probe_sent = true;  // not there: the answer to a later ping brings us back here
    peer.asked_round = s_.leading.round;
    return;
  }
  peer.flow = Flow::snapshot;
  peer.in_flight.clear();
  out_->send_snapshot.push_back({peer.id, log_.base().prev()});
  trace(TraceKind::snap, peer.id.value(), log_.base().value());
}

void Zab::on(const SnapshotSent& event) {
  Peer* peer = find(event.to);
  if (!leads() || peer == nullptr || peer->flow != Flow::snapshot) {
    return;
  }
  if (event.ok) {
    note_heard(*peer);
    begin_probe(*peer, std::min(event.index, log_.last()).next());
    send_entries(*peer);
  } else {
    begin_probe(*peer, peer->match.next());
    peer->probe_sent = true;  // not at once again: after the next ping
    peer->probe_last = peer->next.prev();
    peer->asked_round = s_.leading.round;
  }
}

void Zab::on(const SnapshotReceived& event) {
  const SnapshotMeta& meta = event.meta;
  if (event.from == self_ || !is_well_formed(event)) {
    refuse_snapshot();
    return;
  }
  if (log_lost_ || installing_ || !follows(event.from) || event.leader_term != hard_.term ||
      phase_ < Phase::synchronisation) {
    out_->discard_snapshot = true;  // of a session that is over
    return;
  }
  hear_leader();
  if (meta.index <= commit_) {
    out_->discard_snapshot = true;
    return;
  }
  if (log_.term_at(meta.index) == meta.term) {
    // Equal zxids, equal histories: all of it is here already, and what follows it may be needed.
    out_->discard_snapshot = true;
    commit_to(meta.index);
    return;
  }
  if (meta.index <= s_.following.matched) {
    // The same leader has shown another entry there, which may be committed while this is written.
    refuse_snapshot();
    return;
  }
  installing_ = meta;
  out_->install_snapshot = meta;
  trace(TraceKind::snapshot_install, meta.index.value(), meta.term.value());
}

void Zab::refuse_snapshot() {
  out_->message_refused = true;
  out_->discard_snapshot = true;
}

void Zab::on(const SnapshotInstalled& event) {
  const SnapshotMeta& meta = event.meta;
  installing_.reset();
  OSTRAKA_ASSERT(meta.index > commit_, "a snapshot replaced what is committed here");
  log_.reset(meta);
  durability_.log.restart_at(meta.index);
  commit_ = meta.index;
  applied_ = std::max(applied_, meta.index);
  told_.apply_upto = std::max(told_.apply_upto, meta.index);
  adopt_configuration();
  if (!leads() && phase_ >= Phase::synchronisation) {
    s_.following.matched = std::max(s_.following.matched, meta.index);
    acknowledge();
  }
}

}  // namespace ostraka::protocol::zab
