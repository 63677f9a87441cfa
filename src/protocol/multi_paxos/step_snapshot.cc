// Snapshots. The transfer itself is the driver's; the protocol pauses replication to the peer while
// one is under way and decides what a received one is good for. An acceptor that installs one keeps
// what it accepted behind it: it has promised to remember that.
#include "base/assert.h"
#include "protocol/multi_paxos/internal/admission.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>

namespace ostraka::protocol::multi_paxos {

void MultiPaxos::want_snapshot(Peer& peer) {
  if (now_ - peer.heard > settings_.election_timeout_max) {
    peer.probe_sent = true;  // not there: the answer to a later heartbeat brings us back here
    peer.flow = Flow::probe;
    peer.asked_round = s_.leading.round;
    return;
  }
  peer.flow = Flow::snapshot;
  peer.in_flight.clear();
  out_->send_snapshot.push_back({peer.id, log_.base().prev()});
  trace(TraceKind::snapshot_wanted, peer.id.value(), log_.base().value());
}

void MultiPaxos::on(const SnapshotSent& event) {
  Peer* peer = find(event.to);
  if (!is_leader() || peer == nullptr || peer->flow != Flow::snapshot) {
    return;
  }
  if (event.ok) {
    peer->heard = now_;
    begin_probe(*peer, std::min(event.index, s_.leading.proposed).next());
    send_slots(*peer);
  } else {
    begin_probe(*peer, peer->received.next());
    peer->probe_sent = true;  // not at once again: after the next heartbeat
    peer->asked_round = s_.leading.round;
  }
}

void MultiPaxos::on(const SnapshotReceived& event) {
  const SnapshotMeta& meta = event.meta;
  if (installing_ || event.leader_term < hard_.term) {
    out_->discard_snapshot = true;
    return;
  }
  if (event.from == self_ || !is_well_formed(event)) {
    refuse_snapshot();
    return;
  }
  seen_ = std::max(seen_, event.leader_term);
  if (event.leader_term > hard_.term) {
    promise(event.leader_term);
    become_follower(event.from);
  } else if (leader_ != event.from) {
    become_follower(event.from);
  }
  s_.election.heard_leader = now_;
  postpone_election(now_ + s_.election.timeout);
  if (meta.index <= commit_) {
    out_->discard_snapshot = true;
    return;
  }
  if (meta.index <= stream_.prefix) {  // all of it is here already, and it is chosen
    out_->discard_snapshot = true;
    commit_to(meta.index);
    return;
  }
  installing_ = meta;
  out_->install_snapshot = meta;
  trace(TraceKind::snapshot_install, meta.index.value(), meta.term.value());
}

void MultiPaxos::refuse_snapshot() {
  out_->message_refused = true;
  out_->discard_snapshot = true;
}

void MultiPaxos::on(const SnapshotInstalled& event) {
  const SnapshotMeta& meta = event.meta;
  installing_.reset();
  OSTRAKA_ASSERT(meta.index > commit_, "a snapshot replaces what is chosen here");
  log_.start_behind(meta);
  commit_ = meta.index;
  applied_ = std::max(applied_, meta.index);
  told_.apply_upto = std::max(told_.apply_upto, meta.index);
  chosen_ = {.index = meta.index, .exact = false, .configuration = meta.configuration};
  adopt_configuration();
  if (!leader_.is_none() && !is_leader()) {
    stream_ = {.heard = true, .prefix = commit_};
    follow_prefix();
    acknowledge();
  }
}

}  // namespace ostraka::protocol::multi_paxos
