// Who stands for leadership and who promises (Paxos Made Simple 2.2, phase 1; README "Lease").
#include "base/assert.h"
#include "protocol/multi_paxos/internal/admission.h"
#include "protocol/multi_paxos/internal/quorum_value.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>

namespace ostraka::protocol::multi_paxos {

void MultiPaxos::on(const Campaign&) {
  if (!is_leader() && role_ != Role::candidate && may_campaign()) {
    start_pre_prepare();
  }
}

void MultiPaxos::on_election_timer() {
  Election& election = s_.election;
  election.timer.fired();
  if (is_leader()) {
    return;
  }
  if (now_ < election.deadline) {
    postpone_election(election.deadline);
    return;
  }
  if (now_ < s_.promise.until) {
    postpone_election(s_.promise.until);
    return;
  }
  if (!may_campaign()) {
    restart_election_period();
  } else if (mutant_ == Mutant::no_pre_prepare) {
    start_phase1(nullptr);
  } else {
    start_pre_prepare();
  }
}

bool MultiPaxos::may_campaign() const {
  // "Unapplied": chosen, but its effects on the members' addresses are not in force here yet.
  const bool unapplied = chosen_.index > applied_;
  return is_voter() && !installing_ && !log_lost_ && !unapplied && now_ >= s_.promise.until;
}

// True when a promise or a live leader forbids any answer but a refusal to this candidate.
bool MultiPaxos::stands_against(const Message& message) const {
  const bool transfer = (message.flags & kFlagTransfer) != 0;
  if (is_leader()) {
    if (transfer && message.hint_term == hard_.term && now_ >= s_.leading.lease_until) {
      return false;
    }
    return now_ < s_.leading.lease_until || now_ - quorum_heard() < settings_.election_timeout_min;
  }
  if (now_ < s_.promise.until &&
      !(transfer && s_.promise.is_released(message.hint_term, message.context, now_))) {
    return true;
  }
  if (transfer || leader_.is_none() || s_.election.leader_unreachable) {
    return false;
  }
  return now_ - s_.election.heard_leader < settings_.election_timeout_min;
}

// The slots are here, and not more of them than a candidate keeps places for.
bool MultiPaxos::can_report_from(model::LogIndex first) const {
  return first > log_.base() && (log_.last() < first || log_.last() - first < kSlotsAheadMax);
}

void MultiPaxos::start_pre_prepare() {
  role_ = Role::pre_candidate;
  leader_ = {};
  ++s_.election.campaign;
  restart_election_period();
  fail_forwarded_reads();
  for (Peer& peer : peers_) {
    peer.answer = peer.id == self_ ? Answer::granted : Answer::open;
    if (peer.id != self_ && (peer.incoming || peer.outgoing)) {
      Message& request = compose(peer.id, MessageKind::pre_prepare);
      request.index = commit_.next();
      request.context = s_.election.campaign;
    }
  }
  if (outcome_of(electorate_of(commit_.next())) == quorum::Outcome::won) {
    start_phase1(nullptr);
  }
}

void MultiPaxos::on_pre_prepare(const Message& message) {
  // A candidate that is still collecting reports is not disturbed either.
  const bool busy = now_ - s_.election.heard_candidate < settings_.election_timeout_min &&
                    leader_.is_none() && s_.election.heard_candidate != base::Instant{};
  const bool grant = !busy && !stands_against(message) && can_report_from(message.index);
  trace(grant ? TraceKind::pre_promised : TraceKind::pre_refused, message.from.value());
  Message& answer = compose(message.from, MessageKind::pre_promise);
  answer.reject = !grant;
  answer.context = message.context;
  answer.hint_term = std::max(seen_, hard_.term);
}

void MultiPaxos::on_pre_promise(const Message& message) {
  Peer* peer = find(message.from);
  if (role_ != Role::pre_candidate || peer == nullptr || message.context != s_.election.campaign) {
    return;
  }
  seen_ = std::max(seen_, message.hint_term);
  peer->answer = message.reject ? Answer::refused : Answer::granted;
  if (outcome_of(electorate_of(commit_.next())) == quorum::Outcome::won) {
    start_phase1(nullptr);
  }
}

// A ballot above all that was heard of, on disk before anybody learns of it: never used twice.
void MultiPaxos::start_phase1(const Message* timeout_now) {
  const model::Term ballot = make_ballot(round_of(std::max(seen_, hard_.term)) + 1, self_);
  if (!is_possible_ballot(ballot)) {
    return;  // only a wrong peer can have driven it up there
  }
  if (mutant_ == Mutant::ballot_not_durable) {
    hard_.term = ballot;
    stream_ = {};
  } else {
    promise(ballot);
  }
  role_ = Role::candidate;
  leader_ = {};
  s_.election.learned = {};
  s_.election.recorded = {};
  s_.election.best = {};
  restart_election_period();
  fail_forwarded_reads();
  for (Peer& peer : peers_) {
    peer.answer = Answer::open;
    peer.promised = false;
    peer.report_next = commit_.next();
    if (peer.id != self_ && (peer.incoming || peer.outgoing)) {
      ask_report(peer, timeout_now);
    }
  }
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
  if (mutant_ == Mutant::ballot_not_durable) {
    find(self_)->promised = true;
    try_lead();
  }
}

void MultiPaxos::on_prepare(const Message& message) {
  const bool can_report = can_report_from(message.index);
  // Promised before: it asks again, or for the next piece.
  if (message.term == hard_.term && can_report) {
    note_candidate();
    report(message);
    return;
  }
  if (message.term != hard_.term && stands_against(message)) {
    trace(TraceKind::refused, message.from.value(), message.term.value(), 1);
    return;  // neither the promise nor word of a higher one is given
  }
  if (!can_report) {
    trace(TraceKind::refused, message.from.value(), message.term.value(), 2);
    Message& answer = compose(message.from, MessageKind::promise);
    answer.reject = true;
    answer.hint_term = message.term;
    return;
  }
  promise(message.term);
  become_follower({});
  trace(TraceKind::promised, message.from.value(), message.term.value());
  note_candidate();
  report(message);
}

// Phase 1 goes on, here or at the candidate that this node has promised: its time-out starts anew.
void MultiPaxos::note_candidate() {
  if (!is_leader() && leader_.is_none()) {
    s_.election.heard_candidate = now_;
    restart_election_period();
  }
}

void MultiPaxos::become_follower(model::NodeId leader) {
  const bool led = is_leader();
  const bool new_leader = leader_ != leader;
  role_ = is_voter() ? Role::follower : Role::learner;
  leader_ = leader;
  if (led) {
    leave_leadership();
  }
  if (new_leader) {
    s_.election.leader_unreachable = false;
    s_.election.heard_leader = now_;
    fail_forwarded_reads();
    settle_transfer();
  }
  restart_election_period();
}

void MultiPaxos::leave_leadership() {
  fail_pending_reads(base::ErrorCode::no_leader);
  if (s_.leading.change) {
    fail(*s_.leading.change, base::ErrorCode::unknown_outcome);
  }
  s_.leading = Leading{};
  out_->timers.push_back({kHeartbeatTimer, base::Instant::never()});
}

void MultiPaxos::restart_election_period() {
  Election& election = s_.election;
  const bool leader_gone = role_ == Role::pre_candidate && election.leader_unreachable;
  election.timeout = draw_election_timeout(settings_, leader_gone, prng_);
  postpone_election(now_ + election.timeout);
}

void MultiPaxos::postpone_election(base::Instant deadline) {
  s_.election.deadline = deadline;
  if (!is_leader()) {
    s_.election.timer.arm(deadline, *out_);
  }
}

}  // namespace ostraka::protocol::multi_paxos
