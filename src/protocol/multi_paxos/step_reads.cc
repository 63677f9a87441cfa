// Linearizable reads without slots: read index by a round to a quorum, and the leader's lease.
//
// Whoever wants to lead needs promises of a quorum of phase 1, and every quorum of phase 2 meets
// it: a quorum of phase 2 that answers a round at this ballot has promised nobody else before, and
// one that answered a heartbeat sent at s refuses every other candidate until `lease` after it
// received it, on its own clock. So the leader is alone until s + lease * (1 - d) / (1 + d) on its
// clock, d being the allowed error of both clocks.
#include "protocol/multi_paxos/internal/quorum_value.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>
#include <limits>

namespace ostraka::protocol::multi_paxos {

base::Duration MultiPaxos::lease_of_leader() const {
  if (mutant_ == Mutant::lease_from_receipt) {
    return settings_.lease;
  }
  const std::int64_t drift = settings_.clock_drift_per_mille;
  const std::int64_t ns = settings_.lease.as_nanoseconds();
  return base::Duration::nanoseconds(drift >= 1000 ? 0 : ns / (1000 + drift) * (1000 - drift));
}

void MultiPaxos::update_lease() {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t stamp = quorum_value(electorate_now(), Phase::two, [this](const Peer& peer) {
    const std::int64_t ns = peer.id == self_ ? kNever : peer.lease_stamp.as_nanoseconds();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
  });
  const auto ns = static_cast<std::int64_t>(stamp);
  Leading& leading = s_.leading;
  if (ns == kNever) {
    leading.lease_until = base::Instant::never();
  } else if (ns == 0) {
    leading.lease_until = base::Instant{};
  } else {
    leading.lease_until = base::Instant::from_nanoseconds(ns) + lease_of_leader();
  }
}

// What may have been chosen before this ballot is known and chosen again.
bool MultiPaxos::has_recovered() const {
  return (commit_ >= s_.leading.inherited && has_promises(commit_.next())) ||
         mutant_ == Mutant::read_before_recovery;
}

base::Instant MultiPaxos::quorum_heard() const {
  const std::uint64_t heard = quorum_value(electorate_now(), Phase::two, [this](const Peer& peer) {
    return static_cast<std::uint64_t>((peer.id == self_ ? now_ : peer.heard).as_nanoseconds());
  });
  return base::Instant::from_nanoseconds(static_cast<std::int64_t>(heard));
}

bool MultiPaxos::lease_covers(base::Instant now) const {
  return is_leader() && has_recovered() && now < s_.leading.lease_until;
}

void MultiPaxos::on(const ReadBarrier& event) {
  const base::Instant deadline = now_ + settings_.election_timeout_min * 2;
  if (is_leader()) {
    queue_read({.id = event.id,
                .origin = {},
                .context = 0,
                .index = {},
                .round = 0,
                .deadline = deadline});
    return;
  }
  if (leader_.is_none()) {
    fail(event.id, base::ErrorCode::no_leader);
    return;
  }
  if (s_.reads.forwarded.size() >= kPendingReadsMax) {
    fail(event.id, base::ErrorCode::busy);
    return;
  }
  Reads& reads = s_.reads;
  ++reads.context;
  reads.forwarded.push_back({event.id, reads.context, deadline, false});
  arm_deadline(deadline);
  compose(leader_, MessageKind::read_request).context = reads.context;
}

void MultiPaxos::on_read_request(const Message& message) {
  const PendingRead read{.id = {},
                         .origin = message.from,
                         .context = message.context,
                         .index = {},
                         .round = 0,
                         .deadline = now_ + settings_.election_timeout_min * 2};
  if (is_leader()) {
    queue_read(read);
  } else {
    refuse_read(read, base::ErrorCode::no_leader);
  }
}

void MultiPaxos::queue_read(const PendingRead& read) {
  if (lease_covers(now_)) {
    answer_read(read, commit_);
    return;
  }
  if (s_.reads.pending.size() >= kPendingReadsMax) {
    refuse_read(read, base::ErrorCode::busy);
    return;
  }
  s_.reads.pending.push_back(read);
  arm_deadline(read.deadline);
  advance_reads();
}

// Answers what a quorum has confirmed since it was asked, then starts one round for the rest.
void MultiPaxos::advance_reads() {
  Ring<PendingRead>& pending = s_.reads.pending;
  // A fresh leader does not know yet what is chosen: its reads wait.
  if (pending.empty() || !has_recovered()) {
    return;
  }
  for (;;) {
    const std::uint64_t confirmed = quorum_value(
        electorate_now(), Phase::two,
        [this](const Peer& peer) { return peer.id == self_ ? s_.leading.round : peer.round; });
    const bool leased = lease_covers(now_);
    while (!pending.empty()) {
      const PendingRead& read = pending.front();
      if (!leased && (read.round == 0 || read.round > confirmed)) {
        break;
      }
      answer_read(read, leased ? commit_ : read.index);
      pending.pop_front();
    }
    if (pending.empty() || pending.front().round != 0) {
      return;  // done, or a round is under way; what came later waits for the next one
    }
    send_heartbeats();
    for (std::size_t i = 0; i < pending.size(); ++i) {
      pending[i].round = s_.leading.round;
      pending[i].index = commit_;
    }
    trace(TraceKind::read_round, s_.leading.round, pending.size());
  }
}

void MultiPaxos::answer_read(const PendingRead& read, model::LogIndex index) {
  if (read.origin.is_none()) {
    out_->reads.push_back({read.id, index});
    return;
  }
  Message& answer = compose(read.origin, MessageKind::read_ack);
  answer.context = read.context;
  answer.index = index;
  const Peer* peer = find(read.origin);
  answer.commit = peer == nullptr ? model::LogIndex{} : std::min(commit_, peer->match);
}

void MultiPaxos::refuse_read(const PendingRead& read, base::ErrorCode code) {
  if (read.origin.is_none()) {
    fail(read.id, code);
    return;
  }
  Message& answer = compose(read.origin, MessageKind::read_ack);
  answer.context = read.context;
  answer.reject = true;
}

void MultiPaxos::on_read_ack(const Message& message) {
  Ring<ForwardedRead>& forwarded = s_.reads.forwarded;
  // Those that wait were asked of this leader: with another one they have failed.
  if (message.from != leader_ || forwarded.empty() || message.context < forwarded.front().context ||
      message.context - forwarded.front().context >= forwarded.size()) {
    return;
  }
  ForwardedRead& read = forwarded[message.context - forwarded.front().context];
  if (!read.done) {
    read.done = true;
    if (message.reject) {
      fail(read.id, base::ErrorCode::no_leader);
    } else {
      out_->reads.push_back({read.id, message.index});
      commit_to(std::min(message.commit, stream_.prefix));  // do not wait for the next heartbeat
    }
  }
  while (!forwarded.empty() && forwarded.front().done) {
    forwarded.pop_front();
  }
}

void MultiPaxos::fail_pending_reads(base::ErrorCode code) {
  Ring<PendingRead>& pending = s_.reads.pending;
  while (!pending.empty()) {
    refuse_read(pending.front(), code);
    pending.pop_front();
  }
}

void MultiPaxos::fail_forwarded_reads() {
  Ring<ForwardedRead>& forwarded = s_.reads.forwarded;
  while (!forwarded.empty()) {
    if (!forwarded.front().done) {
      fail(forwarded.front().id, base::ErrorCode::no_leader);
    }
    forwarded.pop_front();
  }
}

void MultiPaxos::expire_reads() {
  Ring<PendingRead>& pending = s_.reads.pending;
  while (!pending.empty() && pending.front().deadline <= now_) {
    refuse_read(pending.front(), base::ErrorCode::no_quorum);
    pending.pop_front();
  }
  Ring<ForwardedRead>& forwarded = s_.reads.forwarded;
  while (!forwarded.empty() && (forwarded.front().done || forwarded.front().deadline <= now_)) {
    if (!forwarded.front().done) {
      fail(forwarded.front().id, base::ErrorCode::no_leader);
    }
    forwarded.pop_front();
  }
}

}  // namespace ostraka::protocol::multi_paxos
