// Linearizable reads: `sync` as a round of pings to a quorum instead of a proposal (the followers'
// answers show that none of them has accepted a later epoch), and the leader's lease.
//
// The lease is the voters' promise to accept no other leader's epoch (protocol/core/lease.h); what
// waits, on either side, is kept in protocol/core/reads.h.
#include "protocol/core/lease.h"
#include "protocol/zab/internal/quorum_value.h"
#include "protocol/zab/zab.h"

#include <algorithm>
#include <optional>

namespace ostraka::protocol::zab {

void Zab::update_lease() {
  const std::uint64_t stamp = quorum_value([this](const Peer& peer) {
    return peer.id == self_ ? kOwnLeaseStamp : lease_stamp_value(peer.lease_stamp);
  });
  const base::Duration lease =
      mutant_ == Mutant::lease_from_receipt ? settings_.lease : lease_of_leader(settings_);
  s_.leading.lease_until = lease_end(stamp, lease);
}

bool Zab::lease_covers(base::Instant now) const {
  return is_leader() && now < s_.leading.lease_until;
}

void Zab::on(const ReadBarrier& event) {
  const base::Instant deadline = read_deadline(now_, settings_);
  if (is_leader()) {
    queue_read({.id = event.id, .deadline = deadline});
    return;
  }
  if (known_leader().is_none()) {
    fail(event.id, base::ErrorCode::no_leader);
    return;
  }
  const std::optional<std::uint64_t> context = s_.reads.forwarded.add(event.id, deadline);
  if (!context) {
    fail(event.id, base::ErrorCode::busy);
    return;
  }
  arm_deadline(deadline);
  compose(leader_, MessageKind::sync).context = *context;
}

void Zab::on_sync(const Message& message) {
  const PendingRead read = read_asked_by(message, read_deadline(now_, settings_));
  if (is_leader()) {
    queue_read(read);
  } else {
    refuse_read(read, base::ErrorCode::no_leader);
  }
}

void Zab::queue_read(const PendingRead& read) {
  if (lease_covers(now_) || mutant_ == Mutant::read_without_round) {
    answer_read(read, commit_);
    return;
  }
  if (!s_.reads.pending.add(read)) {
    refuse_read(read, base::ErrorCode::busy);
    return;
  }
  arm_deadline(read.deadline);
  advance_reads();
}

// Answers what a quorum has confirmed since it was asked, then starts one round for the rest.
void Zab::advance_reads() {
  PendingReads& pending = s_.reads.pending;
  if (pending.empty() || !is_leader()) {
    return;
  }
  for (;;) {
    const std::uint64_t confirmed = quorum_value(
        [this](const Peer& peer) { return peer.id == self_ ? s_.leading.round : peer.round; });
    const bool leased = lease_covers(now_);
    while (const auto read = pending.take_ready(leased, confirmed)) {
      answer_read(*read, leased ? commit_ : read->index);
    }
    if (!pending.wants_round()) {
      return;
    }
    send_pings();
    pending.begin_round(s_.leading.round, commit_);
    trace(TraceKind::read_round, s_.leading.round, pending.size());
  }
}

void Zab::answer_read(const PendingRead& read, model::LogIndex index) {
  if (read.origin.is_none()) {
    out_->reads.push_back({read.id, index});
    return;
  }
  Message& answer = compose(read.origin, MessageKind::sync_ack);
  answer.context = read.context;
  answer.index = index;
  const Peer* peer = find(read.origin);
  answer.commit = peer == nullptr ? model::LogIndex{} : std::min(commit_, peer->match);
}

void Zab::refuse_read(const PendingRead& read, base::ErrorCode code) {
  if (read.origin.is_none()) {
    fail(read.id, code);
    return;
  }
  Message& answer = compose(read.origin, MessageKind::sync_ack);
  answer.context = read.context;
  answer.reject = true;
}

void Zab::on_sync_ack(const Message& message) {
  if (message.from != known_leader()) {
    return;
  }
  const std::optional<RequestId> id = s_.reads.forwarded.take_answered(message.context);
  if (!id) {
    return;
  }
  if (message.reject) {
    fail(*id, base::ErrorCode::no_leader);
  } else {
    out_->reads.push_back({*id, message.index});
    commit_to(std::min(message.commit, s_.following.matched));  // not with the next ping
  }
}

void Zab::fail_pending_reads(base::ErrorCode code) {
  while (const auto read = s_.reads.pending.take()) {
    refuse_read(*read, code);
  }
}

void Zab::fail_forwarded_reads() {
  while (const auto id = s_.reads.forwarded.take()) {
    fail(*id, base::ErrorCode::no_leader);
  }
}

void Zab::expire_reads() {
  while (const auto read = s_.reads.pending.take_expired(now_)) {
    refuse_read(*read, base::ErrorCode::no_quorum);
  }
  while (const auto id = s_.reads.forwarded.take_expired(now_)) {
    fail(*id, base::ErrorCode::no_leader);
  }
}

}  // namespace ostraka::protocol::zab
