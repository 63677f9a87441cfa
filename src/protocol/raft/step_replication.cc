// Replication: proposals, AppendEntries, heartbeats, commit (Raft paper 5.3, 5.4.2; thesis 10.2.1
// for the leader's parallel write).
#include "base/assert.h"
#include "protocol/raft/internal/quorum_value.h"
#include "protocol/raft/raft.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::raft {

void Raft::on(const Propose& event) {
  if (!is_leader()) {
    fail(event.id, leader_.is_none() ? base::ErrorCode::no_leader : base::ErrorCode::not_leader);
    return;
  }
  if (s_.transfer) {
    fail(event.id, base::ErrorCode::no_leader);  // thesis 3.10: the log stands still for the target
    return;
  }
  if (event.payload_bytes > Log::kPayloadBytesMax) {
    fail(event.id, base::ErrorCode::too_large);
    return;
  }
  const std::uint64_t cost = std::uint64_t{event.payload_bytes} + kEntryOverheadBytes;
  std::uint64_t& uncommitted = s_.leading.uncommitted_bytes;
  if (uncommitted != 0 && uncommitted + cost > settings_.max_uncommitted_bytes) {
    fail(event.id, base::ErrorCode::busy);
    return;
  }
  out_->proposed.push_back({event.id, log_.last().next(), hard_.term});
  append_own(EntryKind::data, event.payload_bytes, nullptr);
}

// The leader writes and sends in parallel; it counts itself when Durable comes.
void Raft::append_own(EntryKind kind, std::uint32_t payload_bytes,
                      std::shared_ptr<const model::Configuration> configuration) {
  const EntryMeta entry{log_.last().next(), hard_.term, kind, payload_bytes};
  open_append();
  log_.append(entry);
  out_->append.entries.push_back(entry);
  s_.leading.uncommitted_bytes += std::uint64_t{payload_bytes} + kEntryOverheadBytes;
  if (configuration != nullptr) {
    out_->append.configurations.push_back({entry.index, configuration});
    log_.add_configuration({entry.index, std::move(configuration)});
    adopt_configuration();
  }
  send_to_all();
}

model::Term Raft::last_term_of(const Message& message) {
  return message.entries.empty() ? message.log_term : message.entries.back().term;
}

void Raft::on_append(const Message& message) {
  s_.election.heard_leader = now_;
  s_.election.leader_unreachable = false;
  postpone_election(now_ + s_.election.timeout);
  if (installing_) {
    return;  // the log is being replaced; the leader will ask again
  }
  // Up to the commit index the logs are equal (leader completeness): only what lies behind matters.
  if (message.index > commit_ && log_.term_at(message.index) != message.log_term) {
    reject_append(message);
    return;
  }
  const model::LogIndex last = message.index + message.entries.size();
  store_entries(message);
  if (last > log_.last() || (last > commit_ && log_.term_at(last) != last_term_of(message))) {
    return;  // refused as impossible
  }
  matched_ = std::max({matched_, last, commit_});
  owe_acknowledgement();
  commit_to(std::min(message.commit, last));
}

// Figure 2, AppendEntries receiver 3 and 4: from the first difference on, the leader's entries
// replace ours.
void Raft::store_entries(const Message& message) {
  std::size_t at = 0;
  while (at < message.entries.size()) {
    const EntryMeta& entry = message.entries[at];
    if (entry.index > commit_ && log_.term_at(entry.index) != entry.term) {
      break;
    }
    ++at;
  }
  if (at == message.entries.size()) {
    return;
  }
  const model::LogIndex from = message.entries[at].index;
  if (from > log_.last().next() || message.entries[at].term < log_.term_at(from.prev())) {
    refuse(message.from, message.kind);
    return;
  }
  open_append();
  bool configured = false;
  if (from <= log_.last()) {
    configured = truncate(from);
  }
  for (std::size_t i = at; i < message.entries.size(); ++i) {
    log_.append(message.entries[i]);
    out_->append.entries.push_back(message.entries[i]);
  }
  for (const ConfigurationAt& configuration : message.configurations) {
    if (configuration.index >= from) {
      out_->append.configurations.push_back(configuration);
      log_.add_configuration(configuration);
      configured = true;
    }
  }
  if (configured) {
    adopt_configuration();
  }
  trace(TraceKind::appended, from.value(), log_.last().value(), log_.last_term().value());
}

bool Raft::truncate(model::LogIndex from) {
  OSTRAKA_ASSERT(from > commit_, "a committed entry would be cut");
  out_->append.truncate_from = from;
  durability_.log.truncate(from);
  trace(TraceKind::truncated, from.value());
  return log_.truncate_from(from);
}

// Section 5.3, the optimisation: name the last place where the logs can agree, skipping whole
// terms.
void Raft::reject_append(const Message& message) {
  model::LogIndex hint = log_.last_at_most(message.index.prev(), message.log_term);
  hint = std::max(hint, commit_);
  Message& answer = compose(message.from, MessageKind::append_ack);
  answer.reject = true;
  answer.index = message.index;
  answer.hint_index = hint;
  answer.hint_term = log_.term_at(hint);
  trace(TraceKind::rejected, message.index.value(), hint.value(), answer.hint_term.value());
}

// What is still under way is owed; it goes out, merged, with the next completion.
void Raft::owe_acknowledgement() {
  Durability& d = durability_;
  d.ack_owed = true;
  if (d.log.index() >= matched_ || mutant_ == Mutant::ack_before_durable) {
    acknowledge();
  }
}

// Cumulative: one answer for everything that is durable now.
void Raft::acknowledge() {
  Durability& d = durability_;
  Message& answer = compose(leader_, MessageKind::append_ack);
  answer.index =
      mutant_ == Mutant::ack_before_durable ? matched_ : std::min(matched_, d.log.index());
  answer.hint_index = matched_;
  d.ack_owed = answer.index < matched_;
}

// A leader names only what was acknowledged to it as durable, in its own term; in that term nothing
// of it is ever cut. While a snapshot is being installed the log is about to be replaced.
bool Raft::has_lost(model::LogIndex acknowledged) const {
  return acknowledged > log_.last() && !installing_;
}

// "Stable storage" has failed, and with it the ground that votes and acknowledgements stand on.
void Raft::lose_log(const Message& message) {
  log_lost_ = true;
  durability_.ack_owed = false;
  out_->log_lost = LogLost{message.from, message.hint_index, log_.last()};
  trace(TraceKind::log_lost, message.hint_index.value(), log_.last().value());
  become_follower(hard_.term, {});
}

void Raft::on_heartbeat(const Message& message) {
  if (has_lost(message.hint_index)) {
    lose_log(message);
    return;
  }
  s_.election.heard_leader = now_;
  s_.election.leader_unreachable = false;
  postpone_election(now_ + s_.election.timeout);
  Message& answer = compose(message.from, MessageKind::heartbeat_ack);
  answer.context = message.context;
  answer.stamp = message.stamp;
  answer.index = std::min(matched_, durability_.log.index());
  answer.hint_index = matched_;
  if ((message.flags & kFlagPromise) != 0) {
    // The promise runs from the receipt on this clock; the leader counts from its sending.
    s_.promise.extend(now_ + settings_.lease, message.term, message.context);
    answer.flags = kFlagPromise;
  }
  if (disk_full_) {
    answer.flags |= kFlagDiskFull;
  }
  // The leader names only what it knows to be here.
  commit_to(std::min(message.commit, matched_));
}

void Raft::note_heard(Peer& peer) {
  if (mutant_ != Mutant::quorum_not_heard) {
    peer.heard = now_;
  }
}

void Raft::on_append_ack(const Message& message) {
  Peer* peer = find(message.from);
  if (!is_leader() || peer == nullptr) {
    return;
  }
  note_heard(*peer);
  if (message.reject) {
    backtrack(*peer, message);
    return;
  }
  note_match(*peer, message.index, message.hint_index);
  // An acknowledgement of what the probe carried, or asked about: the logs agree up to there.
  if (peer = find(message.from); peer != nullptr && is_leader()) {
    if (peer->flow == Flow::probe && peer->received >= peer->probe_last) {
      begin_replicate(*peer);
    }
    send_entries(*peer);
    advance_transfer();
  }
}

void Raft::on_heartbeat_ack(const Message& message) {
  Peer* peer = find(message.from);
  if (!is_leader() || peer == nullptr || message.context > s_.leading.round ||
      message.stamp > now_) {
    return;
  }
  note_heard(*peer);
  peer->disk_full = (message.flags & kFlagDiskFull) != 0;
  // It restarted within the term: what it had in memory only is gone, and it compares anew.
  const bool forgot = message.hint_index.is_none() && !peer->received.is_none() &&
                      message.context >= peer->round && peer->flow == Flow::replicate;
  peer->round = std::max(peer->round, message.context);
  if ((message.flags & kFlagPromise) != 0 && message.context > s_.leading.lease_floor) {
    const base::Instant from = mutant_ == Mutant::lease_from_receipt ? now_ : message.stamp;
    peer->lease_stamp = std::max(peer->lease_stamp, from);
    update_lease();
  }
  if (forgot) {
    peer->received = peer->match;
    begin_probe(*peer, peer->match.next());
  }
  note_match(*peer, message.index, message.hint_index);
  if (peer = find(message.from); peer != nullptr && is_leader()) {
    if (is_overdue(*peer, message.context)) {
      ask(*peer);
    }
    send_entries(*peer);
    advance_transfer();
  }
  advance_reads();
}

void Raft::send_heartbeats() {
  Leading& leading = s_.leading;
  ++leading.round;
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
    message.stamp = now_;
    message.flags = given_up && !keeps ? 0 : kFlagPromise;
  }
}

// Figure 2, last rule for leaders, and section 5.4.2: only entries of the own term are counted.
void Raft::advance_commit() {
  const std::uint64_t held = quorum_value([](const Peer& peer) { return peer.match.value(); });
  const model::LogIndex index{held};
  if (index <= commit_ || index > log_.last()) {
    return;
  }
  if (log_.term_at(index) != hard_.term && mutant_ != Mutant::commit_any_term) {
    return;
  }
  for (model::LogIndex i = commit_.next(); i <= index; i = i.next()) {
    s_.leading.uncommitted_bytes -= log_.bytes_at(i) + kEntryOverheadBytes;
  }
  commit_ = index;
  trace(TraceKind::committed, index.value());
  advance_reads();
  continue_change();
}

void Raft::commit_to(model::LogIndex index) {
  if (index > commit_) {
    commit_ = std::min(index, log_.last());
    trace(TraceKind::committed, commit_.value());
  }
}

}  // namespace ostraka::protocol::raft
