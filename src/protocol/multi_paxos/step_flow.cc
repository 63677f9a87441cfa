// One peer's slots as the leader sees them: what is sent ahead, what is asked about, what is sent
// again. The reasons are those of protocol/raft/README.md, "Slow is not lost".
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>

namespace ostraka::protocol::multi_paxos {
namespace {

// Ranges behind a gap that a leader keeps of a peer; more are learnt again when the gap closes.
constexpr std::size_t kRangesMax = 256;

}  // namespace

// What a peer tells of its slots: `match` durable, `received` in memory at least. It may know more
// to be chosen than is proposed here yet.
void MultiPaxos::note_match(Peer& peer, model::LogIndex match, model::LogIndex received) {
  const model::LogIndex proposed = s_.leading.proposed;
  match = std::min(match, proposed);
  received = std::min(std::max(match, received), proposed);
  if (match > peer.match || received > peer.received) {
    peer.progress = now_;
    peer.patience = first_patience(settings_);
  }
  peer.match = std::max(peer.match, match);
  if (received > peer.received) {
    peer.received = received;
    peer.received_round = s_.leading.round;
  }
  while (!peer.beyond.empty() && peer.beyond.front().first <= peer.match.next()) {
    peer.match = std::max(peer.match, peer.beyond.front().last);
    peer.beyond.erase(peer.beyond.begin());
  }
  peer.in_flight.acknowledge(peer.match);
  if (peer.flow == Flow::snapshot && peer.received >= log_.base()) {
    begin_replicate(peer);
  }
  if (peer.flow == Flow::replicate) {
    peer.next = std::max(peer.next, peer.received.next());
  }
}

// Slots that it accepted behind a gap.
void MultiPaxos::note_range(Peer& peer, SlotRange range) {
  range.last = std::min(range.last, s_.leading.proposed);
  if (range.first <= peer.match.next()) {
    note_match(peer, std::max(range.last, peer.match), {});
    return;
  }
  if (range.first > range.last) {
    return;
  }
  std::vector<SlotRange>& beyond = peer.beyond;
  auto at = std::lower_bound(
      beyond.begin(), beyond.end(), range.first,
      [](const SlotRange& known, model::LogIndex first) { return known.last.next() < first; });
  while (at != beyond.end() && at->first <= range.last.next()) {
    range.first = std::min(range.first, at->first);
    range.last = std::max(range.last, at->last);
    at = beyond.erase(at);
  }
  if (beyond.size() < kRangesMax) {
    beyond.insert(at, range);
  }
}

bool MultiPaxos::has_accepted(const Peer& peer, model::LogIndex slot) {
  return slot <= peer.match || std::ranges::any_of(peer.beyond, [slot](const SlotRange& range) {
           return range.first <= slot && slot <= range.last;
         });
}

// It knows that slot by its ballot; one of an older ballot it would have to be told again after a
// restart.
bool MultiPaxos::needs_no(const Peer& peer, model::LogIndex slot) const {
  return log_.term_at(slot) == hard_.term && has_accepted(peer, slot);
}

// The answer to a probe or a question says what arrived of everything sent before it.
void MultiPaxos::take_answer(Peer& peer, const Message& message) {
  if (message.context == 0 || message.context != peer.question) {
    return;
  }
  peer.question = 0;
  const model::LogIndex received = std::min(message.hint_index, s_.leading.proposed);
  if (peer.flow == Flow::snapshot ||
      (peer.flow == Flow::replicate && received >= peer.asked_upto)) {
    return;
  }
  peer.received = received;
  peer.received_round = s_.leading.round;
  peer.in_flight.clear();
  begin_replicate(peer);
}

void MultiPaxos::begin_replicate(Peer& peer) {
  peer.flow = Flow::replicate;
  peer.probe_sent = false;
  peer.next = peer.received.next();
  peer.progress = now_;
  peer.patience = first_patience(settings_);
}

// Something that was sent is not acknowledged, and the peer is there: it answered a heartbeat that
// left later.
bool MultiPaxos::is_overdue(const Peer& peer, std::uint64_t answered_round) const {
  const bool waits = peer.flow == Flow::probe
                         ? peer.probe_sent
                         : peer.flow == Flow::replicate && peer.received < peer.next.prev();
  return waits && answered_round > peer.asked_round && now_ - peer.progress > peer.patience;
}

// Slow, or lost? A message without slots, in the same stream behind everything that was sent, is
// answered by what arrived. Nothing is repeated before that.
void MultiPaxos::ask(Peer& peer) {
  peer.asked_round = s_.leading.round;
  peer.progress = now_;
  peer.patience = next_patience(peer.patience, settings_);
  peer.question = ++s_.question;
  peer.asked_upto = peer.next.prev();
  Message& message = compose(peer.id, MessageKind::accept);
  message.commit = commit_;
  message.context = peer.question;
  message.behind_entries = true;
}

void MultiPaxos::begin_probe(Peer& peer, model::LogIndex next) {
  peer.flow = Flow::probe;
  peer.probe_sent = false;
  peer.question = 0;
  peer.patience = {};
  peer.next = next;
  peer.in_flight.clear();
  peer.progress = now_;
}

void MultiPaxos::send_to_all() {
  for (Peer& peer : peers_) {
    send_slots(peer);
  }
}

// Sends what the peer's window has room for.
void MultiPaxos::send_slots(Peer& peer) {
  if (peer.id == self_) {
    return;
  }
  while (peer.flow != Flow::snapshot) {
    if (peer.flow == Flow::probe) {
      if (!peer.probe_sent) {
        peer.probe_sent = true;
        peer.asked_round = s_.leading.round;
        send_accept(peer);
      }
      return;
    }
    while (peer.next <= s_.leading.proposed && needs_no(peer, peer.next)) {
      peer.next = peer.next.next();
    }
    if (peer.next > s_.leading.proposed || peer.in_flight.is_full(settings_) ||
        peer.next > peer.received + kSlotsAheadMax / 2) {
      return;
    }
    send_accept(peer);
  }
}

void MultiPaxos::send_accept(Peer& peer) {
  if (peer.next <= log_.base()) {
    want_snapshot(peer);
    return;
  }
  Message& message = compose(peer.id, MessageKind::accept);
  message.index = peer.next.prev();
  message.commit = commit_;
  const std::uint32_t bytes = fill_accept(message, peer);
  if (peer.flow == Flow::probe) {
    peer.question = ++s_.question;
    message.context = peer.question;
    message.behind_entries = true;
    return;
  }
  if (peer.in_flight.empty()) {
    peer.progress = now_;
    peer.patience = first_patience(settings_);
  }
  peer.next = message.entries.back().index.next();
  peer.in_flight.add(peer.next.prev(), bytes);
}

// As many slots as one message takes, without those that the peer has accepted.
std::uint32_t MultiPaxos::fill_accept(Message& message, Peer& peer) {
  std::uint32_t bytes = 0;
  for (model::LogIndex at = peer.next;
       at <= s_.leading.proposed && bytes < settings_.max_message_bytes &&
       message.entries.size() < kEntriesPerMessageMax;
       at = at.next()) {
    if (needs_no(peer, at)) {
      continue;
    }
    const EntryMeta entry = log_.meta_at(at);
    if (!message.entries.empty() && entry.payload_bytes > settings_.max_message_bytes - bytes) {
      break;
    }
    attach(message, entry);
    bytes += entry.payload_bytes;
    resent_bytes_ += at <= peer.sent ? entry.payload_bytes : 0;
    peer.sent = std::max(peer.sent, at);
  }
  return bytes;
}

}  // namespace ostraka::protocol::multi_paxos
