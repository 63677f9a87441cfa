// Phase 3, broadcast (the paper, section 4; Medeiros, algorithm 3): proposals in order, cumulative
// acknowledgements, commit on a quorum; pings both ways. A commit is told with what follows it.
#include "base/assert.h"
#include "protocol/zab/internal/quorum_value.h"
#include "protocol/zab/zab.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::zab {

void Zab::on(const Propose& event) {
  if (!is_leader()) {
    fail(event.id, not_leading());
    return;
  }
  if (s_.transfer || !has_room()) {
    fail(event.id, base::ErrorCode::no_leader);  // not here any more
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

// The counter of a zxid has 32 bits: an epoch that has used them up is given up, with everything
// that it proposed committed if it can be.
bool Zab::has_room() {
  Leading& leading = s_.leading;
  if (log_.last() - leading.initial_end < settings_.max_epoch_entries ||
      mutant_ == Mutant::ignore_counter_limit) {
    return true;
  }
  leading.exhausted = true;
  if (commit_ == log_.last()) {
    give_up(Reason::counter_overflow);
  }
  return false;
}

// The leader writes and sends in parallel; it counts itself when Durable comes.
void Zab::append_own(EntryKind kind, std::uint32_t payload_bytes,
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

void Zab::on_ack(const Message& message) {
  Peer* peer = find(message.from);
  if (peer == nullptr || phase_ < Phase::synchronisation) {
    return;
  }
  note_heard(*peer);
  if (message.reject) {
    backtrack(*peer, message);
    return;
  }
  note_match(*peer, message.index, message.hint_index);
  // An acknowledgement of what the probe carried, or asked about: the logs agree up to there.
  if (peer = find(message.from); peer != nullptr && leads()) {
    if (peer->flow == Flow::probe && peer->probe_sent && peer->received >= peer->probe_last) {
      begin_replicate(*peer);
    }
    send_entries(*peer);
    advance_transfer();
  }
}

// A leader names only what was acknowledged to it as durable, in its own epoch; in that epoch
// nothing of it is ever cut. While a snapshot is being installed the log is about to be replaced.
bool Zab::has_lost(model::LogIndex acknowledged) const {
  return acknowledged > log_.last() && !installing_;
}

// "Stable storage" has failed, and with it the ground that acknowledgements stand on.
void Zab::lose_log(const Message& message) {
  log_lost_ = true;
  durability_.ack_owed = false;
  phase_ = Phase::election;
  leader_ = {};
  fail_forwarded_reads();
  out_->log_lost = LogLost{message.from, message.hint_index, log_.last()};
  trace(TraceKind::log_lost, message.hint_index.value(), log_.last().value());
}

void Zab::on_ping(const Message& message) {
  if (!follows(message.from) || phase_ < Phase::synchronisation || message.term != hard_.term) {
    consider_invitation(message);
    return;
  }
  if (has_lost(message.hint_index)) {
    lose_log(message);
    return;
  }
  hear_leader();
  if ((message.flags & kFlagInvite) != 0) {
    // The same session until it is introduced: on a slow link invitations overlap.
    s_.following.session += s_.following.introduced ? 1 : 0;
    s_.following.introduced = false;
  }
  if (!s_.following.introduced) {
    send_follower_info();  // the leader may still be in an earlier session
  }
  Message& answer = compose(message.from, MessageKind::pong);
  answer.context = message.context;
  answer.stamp = message.stamp;
  answer.index = std::min(s_.following.matched, durability_.log.index());
  answer.hint_index = s_.following.matched;
  if ((message.flags & kFlagPromise) != 0) {
    // The promise runs from the receipt on this clock; the leader counts from its sending.
    if (mutant_ != Mutant::promise_not_kept) {
      s_.promise.until = std::max(s_.promise.until, now_ + settings_.lease);
      s_.promise.leader = message.from;
    }
    answer.flags = kFlagPromise;
  }
  if (disk_full_) {
    answer.flags |= kFlagDiskFull;
  }
  if ((message.flags & kFlagEstablished) == 0) {
    return;
  }
  if (phase_ == Phase::broadcast) {
    // The leader names only what it knows to be here.
    commit_to(std::min(message.commit, s_.following.matched));
  } else if (s_.following.introduced && is_durable(durability_.adopted)) {
    begin_serving(message.commit);  // up_to_date was lost
  }
}

// An established leader that this node does not follow: the way back for whoever looks, lags or is
// new. Following somebody promises nothing yet.
void Zab::consider_invitation(const Message& message) {
  const bool asks = leader_ == message.from && phase_ == Phase::discovery;
  if ((message.flags & kFlagEstablished) == 0 || asks) {
    return;
  }
  const bool deposed = message.term > hard_.term && phase_ != Phase::election;
  const bool free = phase_ == Phase::election || phase_ == Phase::discovery;
  if (leads()) {
    if (deposed || (free && !s_.leading.chosen)) {
      leave_leadership(Reason::later_epoch);
      follow(message.from);
    } else {
      refuse(message.from, message.kind);  // two leaders in one epoch: not by correct peers
    }
  } else if (free || deposed) {
    follow(message.from);
  }
}

void Zab::on_pong(const Message& message) {
  Peer* peer = find(message.from);
  if (peer == nullptr || message.reject || message.context > s_.leading.round ||
      message.stamp > now_) {
    return;
  }
  note_heard(*peer);
  peer->disk_full = (message.flags & kFlagDiskFull) != 0;
  peer->round = std::max(peer->round, message.context);
  if ((message.flags & kFlagPromise) != 0) {
    const base::Instant from = mutant_ == Mutant::lease_from_receipt ? now_ : message.stamp;
    peer->lease_stamp = std::max(peer->lease_stamp, from);
    update_lease();
  }
  note_match(*peer, message.index, message.hint_index);
  if (peer = find(message.from); peer != nullptr && leads()) {
    if (is_overdue(*peer, message.context)) {
      ask(*peer);
    }
    send_entries(*peer);
    advance_transfer();
  }
  advance_reads();
}

void Zab::send_pings() {
  Leading& leading = s_.leading;
  ++leading.round;
  for (const Peer& peer : peers_) {
    if (peer.id == self_) {
      continue;
    }
    Message& message = compose(peer.id, MessageKind::ping);
    message.context = leading.round;
    message.commit = std::min(commit_, peer.match);
    message.hint_index = peer.match;
    message.stamp = now_;
    message.flags = phase_ == Phase::broadcast ? kFlagPromise | kFlagEstablished : 0;
    message.flags |= peer.joined ? 0 : kFlagInvite;
  }
}

// Only those count that have acknowledged NEWLEADER: an entry that lies on a disk under an earlier
// epoch is not accepted in this one.
void Zab::advance_commit() {
  Leading& leading = s_.leading;
  if (!leads() || phase_ < Phase::synchronisation) {
    return;
  }
  const bool any = mutant_ == Mutant::commit_without_epoch_quorum;
  if (!leading.acknowledged) {
    leading.acknowledged = is_quorum([](const Peer& peer) { return peer.adopted; });
    if (!leading.acknowledged && !any) {
      return;
    }
  }
  std::uint64_t held =
      quorum_value([](const Peer& peer) { return peer.adopted ? peer.match.value() : 0; });
  if (any) {
    for (const Peer& peer : peers_) {
      held = std::max(held, peer.match.value());
    }
  }
  const model::LogIndex index = std::min(model::LogIndex{held}, log_.last());
  if (index > commit_) {
    for (model::LogIndex i = commit_.next(); i <= index; i = i.next()) {
      leading.uncommitted_bytes -= log_.bytes_at(i) + kEntryOverheadBytes;
    }
    commit_ = index;
    trace(TraceKind::committed, index.value());
    if (phase_ == Phase::broadcast) {
      advance_reads();
      continue_change();
    }
  }
  open_epoch();
  if (is_leader() && s_.leading.exhausted && commit_ == log_.last()) {
    give_up(Reason::counter_overflow);
  }
}

void Zab::commit_to(model::LogIndex index) {
  index = std::min(index, log_.last());
  if (index > commit_) {
    commit_ = index;
    trace(TraceKind::committed, commit_.value());
  }
}

}  // namespace ostraka::protocol::zab
