// Phase 2: proposals, accept, heartbeats, what is chosen (Paxos Made Simple 2.2 and 2.3).
#include "base/assert.h"
#include "protocol/multi_paxos/internal/quorum_value.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::multi_paxos {

// Fewer than alpha slots are open, so that the voters of each are known when it is proposed; they
// have promised; and what is recorded of others is on disk.
bool MultiPaxos::may_propose(model::LogIndex slot) const {
  return slot - commit_ < tuning_.alpha && is_durable(s_.election.recorded) && has_promises(slot) &&
         (slot < in_force_from() || are_ready());
}

void MultiPaxos::on(const Propose& event) {
  if (!is_leader()) {
    fail(event.id, leader_.is_none() ? base::ErrorCode::no_leader : base::ErrorCode::not_leader);
    return;
  }
  if (s_.transfer) {
    fail(event.id, base::ErrorCode::no_leader);  // the log stands still for the target
    return;
  }
  if (event.payload_bytes > SlotLog::kPayloadBytesMax) {
    fail(event.id, base::ErrorCode::too_large);
    return;
  }
  const Leading& leading = s_.leading;
  const model::LogIndex slot = leading.proposed.next();
  const std::uint64_t cost = std::uint64_t{event.payload_bytes} + kEntryOverheadBytes;
  const bool full = leading.uncommitted_bytes != 0 &&
                    leading.uncommitted_bytes + cost > settings_.max_uncommitted_bytes;
  if (full || leading.proposed < leading.inherited || !may_propose(slot)) {
    fail(event.id, base::ErrorCode::busy);
    return;
  }
  out_->proposed.push_back({event.id, slot, hard_.term});
  propose_own(EntryKind::data, event.payload_bytes, nullptr);
}

// The leader writes and sends in parallel; it counts itself when Durable comes.
void MultiPaxos::propose_own(EntryKind kind, std::uint32_t payload_bytes,
                             std::shared_ptr<const model::Configuration> configuration) {
  put_at_own_ballot({s_.leading.proposed.next(), hard_.term, kind, payload_bytes},
                    std::move(configuration));
  send_to_all();
}

void MultiPaxos::put_at_own_ballot(EntryMeta entry,
                                   std::shared_ptr<const model::Configuration> configuration) {
  write(entry, std::move(configuration));
  s_.leading.proposed = entry.index;
  s_.leading.uncommitted_bytes += std::uint64_t{entry.payload_bytes} + kEntryOverheadBytes;
}

void MultiPaxos::on_accept(const Message& message) {
  s_.election.heard_leader = now_;
  s_.election.leader_unreachable = false;
  postpone_election(now_ + s_.election.timeout);
  if (installing_) {
    return;  // the leader will ask again
  }
  if (!stream_.heard) {
    stream_ = {.heard = true, .prefix = commit_};
    follow_prefix();  // of an earlier life at this ballot
  }
  if (!store(message)) {
    refuse(message);
    return;
  }
  commit_to(std::min(known_chosen(message), stream_.prefix));
  acknowledge_ranges(message);
  if (message.context != 0) {
    answer_question(message);
  } else if (!message.entries.empty()) {
    durability_.ack_owed = true;
    if (durable_upto() >= stream_.prefix || mutant_ == Mutant::ack_before_durable) {
      acknowledge();
    }
  }
}

// Its leader says so, or proposes a slot that alpha allows only then.
model::LogIndex MultiPaxos::known_chosen(const Message& message) const {
  const model::LogIndex last =
      message.entries.empty() ? model::LogIndex{} : message.entries.back().index;
  const bool implied = last.value() >= tuning_.alpha && mutant_ != Mutant::chosen_over_gap;
  return implied ? std::max(message.commit, last - (tuning_.alpha - 1)) : message.commit;
}

// Slots of the leader's ballot are accepted wherever they are. Slots of older ballots are chosen,
// and taken in order only: nothing in them says so later.
bool MultiPaxos::store(const Message& message) {
  for (const EntryMeta& entry : message.entries) {
    if (entry.index <= stream_.prefix) {
      continue;
    }
    if (entry.index - commit_ > kSlotsAheadMax) {
      return false;
    }
    const bool chosen = entry.term < message.term;
    if (chosen && entry.index != stream_.prefix.next()) {
      continue;
    }
    // At a higher ballot than that of a chosen entry this node holds the same value.
    if (log_.term_at(entry.index) < entry.term ||
        (mutant_ == Mutant::accept_below_promise && message.term < hard_.term)) {
      std::shared_ptr<const model::Configuration> configuration;
      for (const ConfigurationAt& at : message.configurations) {
        if (at.index == entry.index) {
          configuration = at.configuration;
        }
      }
      write(entry, std::move(configuration));
    }
    if (chosen) {
      stream_.prefix = entry.index;
    }
    follow_prefix();
  }
  if (out_->append.present && !out_->append.entries.empty()) {
    trace(TraceKind::accepted, out_->append.entries.front().index.value(),
          out_->append.entries.back().index.value(), message.term.value());
  }
  return true;
}

void MultiPaxos::follow_prefix() {
  while (log_.term_at(stream_.prefix.next()) == hard_.term) {
    stream_.prefix = stream_.prefix.next();
  }
}

// What lies behind a gap is acknowledged by ranges, each once everything written so far is durable.
void MultiPaxos::acknowledge_ranges(const Message& message) {
  const std::vector<EntryMeta>& entries = message.entries;
  const auto is_beyond = [this, &message](const EntryMeta& entry) {
    return entry.term == message.term && entry.index > stream_.prefix;
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!is_beyond(entries[i])) {
      continue;
    }
    const model::LogIndex first = entries[i].index;
    while (i + 1 < entries.size() && entries[i + 1].index == entries[i].index.next() &&
           is_beyond(entries[i + 1])) {
      ++i;
    }
    Message& answer = compose(message.from, MessageKind::accepted,
                              mutant_ == Mutant::ack_before_durable ? durability_.hard_state
                                                                    : durability_.writes.issued());
    answer.term = message.term;
    answer.flags = kFlagRange;
    answer.index = first;
    answer.hint_index = entries[i].index;
  }
}

// At once: says what is here, durable or not.
void MultiPaxos::answer_question(const Message& message) {
  Message& answer = compose(message.from, MessageKind::accepted);
  answer.index = std::min(stream_.prefix, durable_upto());
  answer.hint_index = stream_.prefix;
  answer.context = message.context;
  durability_.ack_owed = answer.index < stream_.prefix;
}

// Cumulative: one answer for everything that is durable now.
void MultiPaxos::acknowledge() {
  Durability& d = durability_;
  Message& answer = compose(leader_, MessageKind::accepted);
  answer.index = mutant_ == Mutant::ack_before_durable ? stream_.prefix
                                                       : std::min(stream_.prefix, durable_upto());
  answer.hint_index = stream_.prefix;
  d.ack_owed = answer.index < stream_.prefix;
}

// A leader names only what was acknowledged to it as durable, at its own ballot; from there on no
// slot is ever empty again. While a snapshot is being installed the log is about to change.
bool MultiPaxos::has_lost(model::LogIndex acknowledged) const {
  return acknowledged > log_.filled() && !installing_;
}

// "Stable storage" has failed, and with it the ground that promises stand on.
void MultiPaxos::lose_log(const Message& message) {
  log_lost_ = true;
  durability_.ack_owed = false;
  out_->log_lost = LogLost{message.from, message.hint_index, log_.filled()};
  trace(TraceKind::log_lost, message.hint_index.value(), log_.filled().value());
  become_follower({});
}

void MultiPaxos::on_heartbeat(const Message& message) {
  if (has_lost(message.hint_index)) {
    lose_log(message);
    return;
  }
  s_.election.heard_leader = now_;
  s_.election.leader_unreachable = false;
  postpone_election(now_ + s_.election.timeout);
  trim_limit_ = std::max(trim_limit_, message.index);
  Message& answer = compose(message.from, MessageKind::heartbeat_ack);
  answer.context = message.context;
  answer.stamp = message.stamp;
  answer.index = std::min(stream_.prefix, durable_upto());
  answer.hint_index = stream_.prefix;
  answer.commit = applied_;
  if ((message.flags & kFlagPromise) != 0) {
    // The promise runs from the receipt on this clock; the leader counts from its sending.
    s_.promise.extend(now_ + settings_.lease, message.term, message.context);
    answer.flags = kFlagPromise;
  }
  if (disk_full_) {
    answer.flags |= kFlagDiskFull;
  }
  commit_to(std::min(message.commit, stream_.prefix));
}

void MultiPaxos::on_accepted(const Message& message) {
  Peer* peer = find(message.from);
  if (!is_leader() || peer == nullptr || message.reject) {
    return;
  }
  note_heard(*peer);
  if ((message.flags & kFlagRange) != 0) {
    note_range(*peer, {message.index, message.hint_index});
  } else {
    note_match(*peer, message.index, message.hint_index);
  }
  advance_commit();
  if (peer = find(message.from); peer != nullptr && is_leader()) {
    take_answer(*peer, message);
    send_slots(*peer);
    advance_transfer();
  }
  extend();
}

void MultiPaxos::on_heartbeat_ack(const Message& message) {
  Peer* peer = find(message.from);
  if (!is_leader() || peer == nullptr || message.reject || message.context > s_.leading.round ||
      message.stamp > now_) {
    return;
  }
  note_heard(*peer);
  peer->disk_full = (message.flags & kFlagDiskFull) != 0;
  peer->applied = std::max(peer->applied, std::min(message.commit, commit_));
  // It answers a round that left after it had told of more: it restarted since, what it was told to
  // be chosen is gone, and it says anew what it has.
  const bool forgot = message.hint_index < peer->received &&
                      message.context > peer->received_round && peer->flow == Flow::replicate;
  peer->round = std::max(peer->round, message.context);
  if ((message.flags & kFlagPromise) != 0 && message.context > s_.leading.lease_floor) {
    const base::Instant from = mutant_ == Mutant::lease_from_receipt ? now_ : message.stamp;
    peer->lease_stamp = std::max(peer->lease_stamp, from);
    update_lease();
  }
  if (forgot) {
    peer->received = {};
    begin_probe(*peer, commit_.next());
  }
  note_match(*peer, message.index, message.hint_index);
  advance_commit();
  if (peer = find(message.from); peer != nullptr && is_leader()) {
    if (is_overdue(*peer, message.context)) {
      ask(*peer);
    }
    send_slots(*peer);
    advance_transfer();
  }
  extend();
  advance_reads();
}

void MultiPaxos::send_heartbeats() {
  Leading& leading = s_.leading;
  ++leading.round;
  // A trimmed slot is in the state of a quorum: whatever quorum elects the next leader meets it.
  trim_limit_ =
      std::max(trim_limit_,
               model::LogIndex{quorum_value(electorate_now(), Phase::two, [this](const Peer& p) {
                 return (p.id == self_ ? applied_ : p.applied).value();
               })});
  const bool given_up = s_.transfer && s_.transfer->told;
  const bool keeps = mutant_ == Mutant::lease_kept_in_transfer;
  for (const Peer& peer : peers_) {
    if (peer.id == self_) {
      continue;
    }
    Message& message = compose(peer.id, MessageKind::heartbeat);
    message.context = leading.round;
    message.commit = std::min(commit_, peer.match);
    message.hint_index = peer.match;
    message.index = trim_limit_;
    message.stamp = now_;
    message.flags = given_up && !keeps ? 0 : kFlagPromise;
  }
}

// Accepted at this ballot by a quorum of those who decide about it.
bool MultiPaxos::is_chosen(model::LogIndex slot) const {
  return quorum_value(electorate_of(slot), Phase::two, [this, slot](const Peer& peer) {
           const bool has = peer.id == self_ ? slot <= durable_upto() : has_accepted(peer, slot);
           return std::uint64_t{has ? 1U : 0U};
         }) != 0;
}

void MultiPaxos::advance_commit() {
  if (!is_leader()) {
    return;
  }
  const model::LogIndex before = commit_;
  model::LogIndex upto = before;
  for (model::LogIndex slot = before.next(); slot <= s_.leading.proposed; slot = slot.next()) {
    if (is_chosen(slot)) {
      upto = slot;
    } else if (mutant_ != Mutant::chosen_over_gap) {
      break;
    }
  }
  if (settings_.trace) {
    trace_chosen_beyond();
  }
  if (upto == before) {
    return;
  }
  for (model::LogIndex slot = before.next(); slot <= upto; slot = slot.next()) {
    s_.leading.uncommitted_bytes -= log_.bytes_at(slot) + kEntryOverheadBytes;
  }
  commit_to(upto);
  advance_reads();
}

// For golden logs only: a slot that is chosen before the one ahead of it.
void MultiPaxos::trace_chosen_beyond() {
  Leading& leading = s_.leading;
  for (const Peer& peer : peers_) {
    for (const SlotRange& range : peer.beyond) {
      for (model::LogIndex slot = std::max(range.first, leading.beyond.next());
           slot <= range.last && slot <= leading.proposed; slot = slot.next()) {
        if (slot > commit_.next() && is_chosen(slot)) {
          leading.beyond = slot;
          trace(TraceKind::chosen_beyond, slot.value());
        }
      }
    }
  }
}

void MultiPaxos::commit_to(model::LogIndex index) {
  if (index > commit_) {
    const model::LogIndex before = commit_;
    commit_ = index;
    trace(TraceKind::chosen, commit_.value());
    adopt_chosen(before);
  }
}

}  // namespace ostraka::protocol::multi_paxos
