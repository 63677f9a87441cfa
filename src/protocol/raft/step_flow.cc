// One follower's log as its leader sees it: what is sent ahead, what is asked about, what is sent
// again (Raft paper 5.3; thesis 10.2.1). README.md, "Slow is not lost", has the reasons.
#include "protocol/raft/raft.h"

#include <algorithm>

namespace ostraka::protocol::raft {

// What a follower tells of its log: `match` durable, `received` in memory at least.
void Raft::note_match(Peer& peer, model::LogIndex match, model::LogIndex received) {
  received = std::max(match, received);
  if (received.is_none()) {
    return;
  }
  if (received > log_.last()) {
    refuse(peer.id, static_cast<std::uint8_t>(MessageKind::append_ack));
    return;
  }
  if (match > peer.match || received > peer.received) {
    peer.progress = now_;
    peer.patience = first_patience(settings_);
  }
  peer.match = std::max(peer.match, match);
  peer.received = std::max({peer.received, received, peer.match});
  peer.in_flight.acknowledge(peer.match);
  if (peer.flow == Flow::snapshot && peer.received >= log_.base()) {
    begin_replicate(peer);
  }
  peer.next = std::max(peer.next, peer.received.next());
  advance_commit();  // may change the configuration, and so move the peers
}

void Raft::begin_replicate(Peer& peer) {
  peer.flow = Flow::replicate;
  peer.probe_sent = false;
  peer.next = peer.received.next();
  peer.progress = now_;
  peer.patience = first_patience(settings_);
}

// Something that was sent is neither acknowledged nor rejected, and the peer is there: it answered
// a heartbeat that left later.
bool Raft::is_overdue(const Peer& peer, std::uint64_t answered_round) const {
  const bool waits = peer.flow == Flow::probe
                         ? peer.probe_sent
                         : peer.flow == Flow::replicate && peer.received < peer.next.prev();
  return waits && answered_round > peer.asked_round && now_ - peer.progress > peer.patience;
}

// Slow, or lost? Heartbeats overtake entries, so an answer to one tells nothing of them. A message
// without entries, in the same stream behind everything that was sent, does: its acknowledgement
// says that it all arrived, its rejection what did not. Nothing is repeated before that.
void Raft::ask(Peer& peer) {
  if (mutant_ == Mutant::resend_window) {
    begin_probe(peer, std::max(peer.match, peer.received).next());
    peer.flow = Flow::replicate;
    return;
  }
  peer.asked_round = s_.leading.round;
  peer.progress = now_;
  peer.patience = next_patience(peer.patience, settings_);
  peer.probe_last = peer.next.prev();
  if (peer.probe_last < log_.base()) {
    want_snapshot(peer);
    return;
  }
  Message& message = compose(peer.id, MessageKind::append);
  message.index = peer.probe_last;
  message.log_term = log_.term_at(peer.probe_last);
  message.commit = commit_;
  message.behind_entries = true;
}

void Raft::begin_probe(Peer& peer, model::LogIndex next) {
  peer.flow = Flow::probe;
  peer.probe_sent = false;
  peer.patience = {};
  peer.next = std::max(next, peer.match.next());
  peer.in_flight.clear();
  peer.progress = now_;
}

void Raft::backtrack(Peer& peer, const Message& message) {
  const bool stale =
      peer.flow == Flow::probe ? message.index != peer.next.prev() : message.index <= peer.received;
  if (stale || peer.flow == Flow::snapshot) {
    return;
  }
  const model::LogIndex hint = std::min(message.hint_index, message.index.prev());
  const model::LogIndex common = log_.last_at_most(hint, message.hint_term);
  begin_probe(peer, std::max(common, peer.match).next());
  trace(TraceKind::backtracked, peer.id.value(), peer.next.value());
  send_entries(peer);
}

void Raft::send_to_all() {
  for (Peer& peer : peers_) {
    send_entries(peer);
  }
}

// Sends what the peer's window has room for.
void Raft::send_entries(Peer& peer) {
  if (peer.id == self_) {
    return;
  }
  while (peer.flow != Flow::snapshot) {
    if (peer.flow == Flow::probe) {
      if (!peer.probe_sent) {
        peer.probe_sent = true;
        peer.asked_round = s_.leading.round;
        send_append(peer);
      }
      return;
    }
    if (peer.next > log_.last() || peer.in_flight.is_full(settings_)) {
      return;
    }
    send_append(peer);
  }
}

void Raft::send_append(Peer& peer) {
  const model::LogIndex previous = peer.next.prev();
  if (previous < log_.base()) {
    want_snapshot(peer);
    return;
  }
  Message& message = compose(peer.id, MessageKind::append);
  message.index = previous;
  message.log_term = log_.term_at(previous);
  message.commit = commit_;
  const Log::Batch batch = log_.copy_to(message, peer.next, settings_.max_message_bytes);
  for (const EntryMeta& entry : message.entries) {
    resent_bytes_ += entry.index <= peer.sent ? entry.payload_bytes : 0;
  }
  peer.sent = std::max(peer.sent, batch.last);
  if (peer.flow == Flow::probe) {
    peer.probe_last = batch.last;
  } else {
    if (peer.in_flight.empty()) {
      peer.progress = now_;
      peer.patience = first_patience(settings_);
    }
    peer.next = batch.last.next();
    peer.in_flight.add(batch.last, batch.bytes);
  }
}

}  // namespace ostraka::protocol::raft
