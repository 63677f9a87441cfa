// Phase 2, synchronisation (the paper, section 4; Medeiros, algorithm 2 and section 4.3): the
// followers get the leader's history as a difference (DIFF), after cutting what it does not hold
// (TRUNC) or by a snapshot (SNAP), then NEWLEADER. Only when history and then current epoch are
// durable is it acknowledged; on a quorum of acknowledgements the history is committed and the
// epoch established.
#include "base/assert.h"
#include "protocol/zab/internal/quorum_value.h"
#include "protocol/zab/zab.h"

#include <algorithm>

namespace ostraka::protocol::zab {

void Zab::begin_synchronisation() {
  OSTRAKA_ASSERT(leads() && phase_ == Phase::discovery, "only a discovered history is brought in");
  Leading& leading = s_.leading;
  phase_ = Phase::synchronisation;
  leading.initial_end = log_.last();
  for (model::LogIndex i = commit_.next(); i <= log_.last(); i = i.next()) {
    leading.uncommitted_bytes += log_.bytes_at(i) + kEntryOverheadBytes;
  }
  // Its history is durable: the write of the accepted epoch, which lies behind it, is.
  hard_.second_term = hard_.term;
  persist_hard_state();
  durability_.adopted = out_->append.token;
  trace(TraceKind::epoch_adopted, hard_.term.value(), log_.last().value());
  if (mutant_ == Mutant::broadcast_before_delivery) {
    phase_ = Phase::broadcast;
  }
  send_pings();
  send_to_all();
}

// What the follower's last zxid says of the difference; the consistency check of the first message
// confirms it.
void Zab::start_session(Peer& peer, model::LogIndex last, model::Term last_term) {
  model::LogIndex common = last;
  if (log_.term_at(last) != last_term || last > log_.last()) {
    common = log_.last_at_most(std::min(last, log_.last()), last_term);
  }
  begin_probe(peer, common.next());
  if (common < last) {
    trace(TraceKind::trunc, peer.id.value(), peer.next.value(), last.value());
  } else {
    trace(TraceKind::diff, peer.id.value(), peer.next.value());
  }
  send_entries(peer);
}

// Parts of the leader's history, and proposals: entries behind a place where the logs are equal.
void Zab::on_history(const Message& message) {
  const auto kind = static_cast<MessageKind>(message.kind);
  const bool old = message.term < hard_.term;  // only with a planted bug
  if (!old) {
    if (!follows(message.from) || phase_ < Phase::synchronisation || message.term != hard_.term) {
      return;
    }
    if (kind == MessageKind::propose && hard_.second_term != hard_.term) {
      return;  // not before the history that it builds on
    }
    hear_leader();
  }
  if (installing_) {
    return;  // the log is being replaced; the leader will ask again
  }
  // Up to the commit index the logs are equal: only what lies behind matters.
  if (message.index > commit_ && log_.term_at(message.index) != message.log_term) {
    reject_history(message);
    return;
  }
  const model::LogIndex last = message.index + message.entries.size();
  if (!store_entries(message) || (kind == MessageKind::new_leader && !adopt_epoch(last))) {
    refuse(message.from, message.kind);
    return;
  }
  if (old) {
    return;
  }
  s_.following.matched = std::max({s_.following.matched, last, commit_});
  owe_acknowledgement();
  if (kind == MessageKind::propose && s_.following.introduced && phase_ == Phase::synchronisation &&
      is_durable(durability_.adopted)) {
    begin_serving(message.commit);  // only an established leader proposes: up_to_date is late
  } else if (phase_ == Phase::broadcast) {
    commit_to(std::min(message.commit, last));
  }
}

// From the first difference on, the leader's entries replace ours. False: impossible.
bool Zab::store_entries(const Message& message) {
  std::size_t at = 0;
  while (at < message.entries.size()) {
    const EntryMeta& entry = message.entries[at];
    if (entry.index > commit_ && log_.term_at(entry.index) != entry.term) {
      break;
    }
    ++at;
  }
  if (at == message.entries.size()) {
    return message.index + at <= log_.last();
  }
  const model::LogIndex from = message.entries[at].index;
  const bool adopted = hard_.second_term == hard_.term;
  if (from > log_.last().next() || message.entries[at].term < log_.term_at(from.prev()) ||
      from <= s_.following.matched || (adopted && from <= log_.last())) {
    return false;  // nothing is replaced of what this leader sent, and nothing within its epoch
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
  return true;
}

// NEWLEADER: the history is whole. One write holds its last part, what is cut behind it, and the
// current epoch, so that no crash leaves the epoch without its history.
bool Zab::adopt_epoch(model::LogIndex last) {
  if (hard_.second_term != hard_.term) {
    const model::LogIndex end = std::max(last, s_.following.matched);
    if (end < commit_) {
      return false;
    }
    if (log_.last() > end && mutant_ != Mutant::keep_foreign_suffix) {
      open_append();
      if (truncate(end.next())) {
        adopt_configuration();
      }
    }
    hard_.second_term = hard_.term;
    persist_hard_state();
    durability_.adopted = out_->append.token;
    trace(TraceKind::epoch_adopted, hard_.term.value(), end.value());
  }
  s_.following.introduced = true;
  s_.following.ack_new_leader_owed = true;
  return true;
}

bool Zab::truncate(model::LogIndex from) {
  OSTRAKA_ASSERT(from > commit_, "a committed entry would be cut");
  out_->append.truncate_from = from;
  durability_.log.truncate(from);
  trace(TraceKind::truncated, from.value());
  return log_.truncate_from(from);
}

// Names the last place where the logs can agree, skipping whole epochs.
void Zab::reject_history(const Message& message) {
  model::LogIndex hint = log_.last_at_most(message.index.prev(), message.log_term);
  hint = std::max(hint, commit_);
  Message& answer = compose(message.from, MessageKind::ack);
  answer.reject = true;
  answer.index = message.index;
  answer.hint_index = hint;
  answer.hint_term = log_.term_at(hint);
  trace(TraceKind::rejected, message.index.value(), hint.value(), answer.hint_term.value());
}

// What is still under way is owed; it goes out, merged, with the next completion.
void Zab::owe_acknowledgement() {
  Durability& d = durability_;
  d.ack_owed = true;
  const bool new_leader = s_.following.ack_new_leader_owed;
  const bool early = (new_leader && mutant_ == Mutant::ack_new_leader_before_durable) ||
                     (!new_leader && mutant_ == Mutant::ack_before_durable);
  const bool durable =
      d.log.index() >= s_.following.matched && (!new_leader || is_durable(d.adopted));
  if (durable || early) {
    acknowledge();
  }
}

// Cumulative: one answer for everything that is durable now.
void Zab::acknowledge() {
  Durability& d = durability_;
  Following& following = s_.following;
  const bool early_epoch = mutant_ == Mutant::ack_new_leader_before_durable;
  const bool new_leader = following.ack_new_leader_owed && (is_durable(d.adopted) || early_epoch);
  Message& answer = compose(leader_, new_leader ? MessageKind::ack_new_leader : MessageKind::ack);
  answer.index = std::min(following.matched, d.log.index());
  if (mutant_ == Mutant::ack_before_durable || (new_leader && early_epoch)) {
    answer.index = following.matched;
  }
  answer.hint_index = following.matched;
  if (new_leader) {
    following.ack_new_leader_owed = false;
  }
  d.ack_owed = answer.index < following.matched || following.ack_new_leader_owed;
}

void Zab::on_ack_new_leader(const Message& message) {
  Peer* peer = find(message.from);
  if (peer == nullptr || phase_ < Phase::synchronisation) {
    return;
  }
  if (message.index < s_.leading.initial_end ||
      std::max(message.index, message.hint_index) > log_.last()) {
    refuse(message.from, message.kind);
    return;
  }
  note_heard(*peer);
  const bool late = is_leader();
  peer->adopted = true;
  peer->introduced = peer->introduced || peer->offered;
  note_match(*peer, message.index, message.hint_index);
  if (peer = find(message.from); peer == nullptr || !leads()) {
    return;
  }
  if (late) {
    compose(peer->id, MessageKind::up_to_date).commit = std::min(commit_, peer->match);
  }
  if (peer->flow == Flow::probe && peer->received >= peer->probe_last) {
    begin_replicate(*peer);
  }
  send_entries(*peer);
  advance_transfer();
}

// A quorum has acknowledged NEWLEADER, so the initial history is committed. The primary broadcasts
// only after it has delivered all of it (the paper, "primary integrity").
void Zab::open_epoch() {
  if (!leads() || phase_ != Phase::synchronisation || !s_.leading.acknowledged ||
      applied_ < s_.leading.initial_end) {
    return;
  }
  phase_ = Phase::broadcast;
  trace(TraceKind::established, hard_.term.value(), s_.leading.initial_end.value());
  for (const Peer& peer : peers_) {
    if (peer.adopted && peer.id != self_) {
      compose(peer.id, MessageKind::up_to_date).commit = std::min(commit_, peer.match);
    }
  }
  settle_transfer();
  send_pings();
  update_lease();
  advance_reads();
  continue_change();
}

void Zab::on_up_to_date(const Message& message) {
  if (follows(message.from) && message.term == hard_.term && phase_ == Phase::synchronisation &&
      s_.following.introduced && is_durable(durability_.adopted)) {
    hear_leader();
    begin_serving(message.commit);
  }
}

void Zab::begin_serving(model::LogIndex commit) {
  phase_ = Phase::broadcast;
  for (Peer& peer : peers_) {
    peer.failures = 0;
  }
  commit_to(std::min(commit, s_.following.matched));
  settle_transfer();
}

}  // namespace ostraka::protocol::zab
