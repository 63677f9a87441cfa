// One follower's history as its leader sees it: what is sent ahead, what is asked about, what is
// sent again. As in Raft's engine (protocol/raft/README.md, "Slow is not lost"): entries have a
// stream of their own, which keeps its order; nothing is repeated before the follower was asked.
#include "protocol/zab/zab.h"

#include <algorithm>

namespace ostraka::protocol::zab {

// What a follower tells of its history: `match` durable, `received` in memory at least.
void Zab::note_match(Peer& peer, model::LogIndex match, model::LogIndex received) {
  received = std::max(match, received);
  if (received.is_none()) {
    advance_commit();
    return;
  }
  if (received > log_.last()) {
    refuse(peer.id, static_cast<std::uint8_t>(MessageKind::ack));
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
    begin_probe(peer, peer.received.next());
  }
  peer.next = std::max(peer.next, peer.received.next());
  advance_commit();  // may change the configuration, and so move the peers
}

void Zab::end_session(Peer& peer) {
  peer.joined = false;
  peer.answered = false;
  peer.introduced = false;
  peer.received = peer.match;
  begin_probe(peer, peer.match.next());
  peer.flow = Flow::absent;
}

void Zab::begin_probe(Peer& peer, model::LogIndex next) {
  peer.flow = Flow::probe;
  peer.probe_sent = false;
  peer.offered = false;
  peer.patience = {};
  peer.next = std::max(next, peer.match.next());
  peer.in_flight.clear();
  peer.progress = now_;
}

void Zab::begin_replicate(Peer& peer) {
  peer.flow = Flow::replicate;
  peer.probe_sent = false;
  peer.next = peer.received.next();
  // A probe that carried NEWLEADER and was lost has to be offered again.
  peer.offered = peer.offered && peer.received >= s_.leading.initial_end;
  peer.progress = now_;
  peer.patience = first_patience(settings_);
}

// Something that was sent is neither acknowledged nor rejected, and the peer is there: it answered
// a ping that left later.
bool Zab::is_overdue(const Peer& peer, std::uint64_t answered_round) const {
  bool waits = false;
  if (peer.flow == Flow::probe) {
    waits = peer.probe_sent;
  } else if (peer.flow == Flow::replicate) {
    waits = peer.received < peer.next.prev() || !peer.introduced;
  }
  return waits && answered_round > peer.asked_round && now_ - peer.progress > peer.patience;
}

// Slow, or lost? A message without entries, in the same stream behind everything that was sent,
// tells: its acknowledgement says that it all arrived, its rejection what did not.
void Zab::ask(Peer& peer) {
  peer.asked_round = s_.leading.round;
  peer.progress = now_;
  peer.patience = next_patience(peer.patience, settings_);
  peer.probe_last = peer.next.prev();
  if (peer.probe_last < log_.base()) {
    want_snapshot(peer);
    return;
  }
  Message& message = compose(peer.id, kind_for(peer, peer.probe_last));
  message.index = peer.probe_last;
  message.log_term = log_.term_at(peer.probe_last);
  message.commit = commit_;
  message.behind_entries = true;
}

void Zab::backtrack(Peer& peer, const Message& message) {
  const bool stale =
      peer.flow == Flow::probe ? message.index != peer.next.prev() : message.index <= peer.received;
  if (stale || peer.flow == Flow::snapshot || peer.flow == Flow::absent) {
    return;
  }
  const model::LogIndex hint = std::min(message.hint_index, message.index.prev());
  const model::LogIndex common = log_.last_at_most(hint, message.hint_term);
  begin_probe(peer, std::max(common, peer.match).next());
  trace(TraceKind::backtracked, peer.id.value(), peer.next.value());
  send_entries(peer);
}

void Zab::send_to_all() {
  for (Peer& peer : peers_) {
    send_entries(peer);
  }
}

// Sends what the peer's window has room for. Behind NEWLEADER nothing goes out before it is
// acknowledged.
void Zab::send_entries(Peer& peer) {
  if (peer.id == self_ || phase_ < Phase::synchronisation) {
    return;
  }
  while (peer.flow == Flow::probe || peer.flow == Flow::replicate) {
    if (peer.flow == Flow::probe) {
      if (!peer.probe_sent) {
        peer.probe_sent = true;
        peer.asked_round = s_.leading.round;
        send_history(peer);
      }
      return;
    }
    if ((peer.offered && !peer.introduced) || peer.next > log_.last() ||
        peer.in_flight.is_full(settings_)) {
      return;
    }
    send_history(peer);
  }
}

// A message that ends at `end`, as its receiver has to take it.
MessageKind Zab::kind_for(Peer& peer, model::LogIndex end) {
  if (peer.introduced) {
    return MessageKind::propose;
  }
  if (end < s_.leading.initial_end) {
    return MessageKind::synchronise;
  }
  peer.offered = true;
  return MessageKind::new_leader;
}

void Zab::send_history(Peer& peer) {
  const model::LogIndex previous = peer.next.prev();
  if (previous < log_.base()) {
    want_snapshot(peer);
    return;
  }
  Message& message = compose(peer.id, MessageKind::propose);
  message.index = previous;
  message.log_term = log_.term_at(previous);
  message.commit = commit_;
  const Log::Batch batch = log_.copy_to(message, peer.next, settings_.max_message_bytes);
  for (const EntryMeta& entry : message.entries) {
    resent_bytes_ += entry.index <= peer.sent ? entry.payload_bytes : 0;
  }
  message.kind = static_cast<std::uint8_t>(kind_for(peer, batch.last));
  // An empty one has to stay behind what was sent before, as entries do.
  message.behind_entries = message.entries.empty();
  peer.sent = std::max(peer.sent, batch.last);
  if (peer.flow == Flow::probe) {
    peer.probe_last = batch.last;
    return;
  }
  if (peer.in_flight.empty()) {
    peer.progress = now_;
    peer.patience = first_patience(settings_);
  }
  peer.next = batch.last.next();
  peer.in_flight.add(batch.last, batch.bytes);
}

}  // namespace ostraka::protocol::zab
