// Elections: pre-vote, votes, promises (Raft paper 5.2, 5.4.1, 6; thesis 9.6; README "Lease").
#include "base/assert.h"
#include "protocol/raft/raft.h"

#include <algorithm>

namespace ostraka::protocol::raft {

void Raft::on(const Campaign&) {
  if (is_leader() || role_ == Role::candidate) {
    return;
  }
  if (may_campaign()) {
    start_pre_vote();
  }
}

void Raft::on_election_timer() {
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
  } else if (mutant_ == Mutant::no_prevote) {
    start_election(nullptr);
  } else {
    start_pre_vote();
  }
}

bool Raft::may_campaign() const {
  // "Unapplied": committed, but its effects on the members' addresses are not in force here yet.
  const ConfigurationAt& newest = log_.configuration();
  const bool unapplied = newest.index > applied_ && newest.index <= commit_;
  return may_lead() && !installing_ && !log_lost_ && !unapplied && now_ >= s_.promise.until;
}

bool Raft::is_promise_released(const Message& message) const {
  return (message.flags & kFlagTransfer) != 0 &&
         s_.promise.is_released(message.hint_term, message.context, now_);
}

// True when a promise or a live leader forbids a vote and a pre-vote for the sender.
bool Raft::stands_against(const Message& message) const {
  const bool transfer = (message.flags & kFlagTransfer) != 0;
  if (is_leader()) {
    if (transfer && message.hint_term == hard_.term && now_ >= s_.leading.lease_until) {
      return false;
    }
    return now_ < s_.leading.lease_until || now_ - quorum_heard() < settings_.election_timeout_min;
  }
  if (now_ < s_.promise.until && !is_promise_released(message)) {
    return true;
  }
  if (transfer || leader_.is_none() || s_.election.leader_unreachable) {
    return false;
  }
  return now_ - s_.election.heard_leader < settings_.election_timeout_min;
}

// Section 5.4.1: the log whose last entry has the later term, or the longer one.
bool Raft::is_up_to_date(const Message& message) const {
  if (message.log_term != log_.last_term()) {
    return message.log_term > log_.last_term();
  }
  return message.index >= log_.last();
}

void Raft::start_pre_vote() {
  role_ = Role::pre_candidate;
  if (mutant_ != Mutant::leader_kept_in_prevote) {
    leader_ = {};
  }
  ++s_.election.campaign;
  restart_election_period();
  for (Peer& peer : peers_) {
    peer.ballot = peer.id == self_ ? Ballot::granted : Ballot::open;
  }
  fail_forwarded_reads();
  ask_for_votes(MessageKind::pre_vote, nullptr);
  count_ballots();
}

void Raft::start_election(const Message* timeout_now) {
  const model::Term given_up = hard_.term;
  role_ = Role::candidate;
  leader_ = {};
  hard_.term = hard_.term.next();
  hard_.vote = self_;
  matched_ = {};
  durability_.ack_owed = false;
  persist_hard_state();
  restart_election_period();
  for (Peer& peer : peers_) {
    peer.ballot = Ballot::open;  // its own vote counts when it is durable
  }
  fail_forwarded_reads();
  OSTRAKA_ASSERT(timeout_now == nullptr || timeout_now->term == given_up,
                 "told to campaign by another term's leader");
  ask_for_votes(MessageKind::vote, timeout_now);
}

void Raft::ask_for_votes(MessageKind kind, const Message* timeout_now) {
  for (const Peer& peer : peers_) {
    if (peer.id == self_ || (!peer.incoming && !peer.outgoing)) {
      continue;
    }
    Message& request = compose(peer.id, kind);
    request.index = log_.last();
    request.log_term = log_.last_term();
    request.context = s_.election.campaign;
    if (timeout_now != nullptr) {
      request.flags = kFlagTransfer;
      request.hint_term = timeout_now->term;
      request.context = timeout_now->context;
    }
  }
}

void Raft::on_pre_vote(const Message& message) {
  const bool grant = !stands_against(message) && is_up_to_date(message);
  trace(grant ? TraceKind::pre_vote_granted : TraceKind::pre_vote_refused, message.from.value(),
        message.term.value() + 1);
  Message& answer = compose(message.from, MessageKind::pre_vote_ack);
  answer.reject = !grant;
  answer.context = message.context;
}

void Raft::on_pre_vote_ack(const Message& message) {
  Peer* peer = find(message.from);
  if (role_ != Role::pre_candidate || peer == nullptr || message.context != s_.election.campaign) {
    return;
  }
  peer->ballot = message.reject ? Ballot::refused : Ballot::granted;
  count_ballots();
}

void Raft::on_vote(const Message& message) {
  // settle_term() has refused what a promise stands against and taken over a newer term.
  const bool free =
      hard_.vote.is_none() || hard_.vote == message.from || mutant_ == Mutant::vote_twice;
  const bool grant = free && leader_.is_none() && role_ != Role::leader && is_up_to_date(message);
  if (grant) {
    if (hard_.vote != message.from) {
      hard_.vote = message.from;
      persist_hard_state();
    }
    restart_election_period();
    trace(TraceKind::vote_granted, message.from.value(), message.term.value());
  } else {
    trace(TraceKind::vote_refused, message.from.value(), message.term.value(), 0);
  }
  const AppendToken behind =
      mutant_ == Mutant::vote_before_durable ? AppendToken{} : durability_.hard_state;
  compose(message.from, MessageKind::vote_ack, behind).reject = !grant;
}

void Raft::on_vote_ack(const Message& message) {
  Peer* peer = find(message.from);
  if (role_ != Role::candidate || peer == nullptr) {
    return;
  }
  if (peer->ballot == Ballot::open) {
    peer->ballot = message.reject ? Ballot::refused : Ballot::granted;
  }
  count_ballots();
}

quorum::Tally Raft::tally(bool outgoing) const {
  quorum::Tally tally;
  for (const Peer& peer : peers_) {
    if (outgoing ? peer.outgoing : peer.incoming) {
      ++tally.voters;
      tally.granted += peer.ballot == Ballot::granted ? 1 : 0;
      tally.refused += peer.ballot == Ballot::refused ? 1 : 0;
    }
  }
  return tally;
}

void Raft::count_ballots() {
  const quorum::Outcome outcome = quorum::joint_outcome(tally(false), tally(true));
  if (outcome == quorum::Outcome::won) {
    if (role_ == Role::pre_candidate) {
      start_election(nullptr);
    } else {
      become_leader();
    }
  } else if (outcome == quorum::Outcome::lost && role_ == Role::candidate) {
    become_follower(hard_.term, {});
  }
}

void Raft::become_leader() {
  OSTRAKA_ASSERT(role_ == Role::candidate, "only a candidate is elected");
  role_ = Role::leader;
  leader_ = self_;
  s_.leading = Leading{};
  s_.leading.first_of_term = log_.last().next();
  for (model::LogIndex i = commit_.next(); i <= log_.last(); i = i.next()) {
    s_.leading.uncommitted_bytes += log_.bytes_at(i) + kEntryOverheadBytes;
  }
  for (Peer& peer : peers_) {
    peer.match = peer.id == self_ ? durability_.log.index() : model::LogIndex{};
    peer.received = {};
    peer.round = 0;
    peer.asked_round = 0;
    peer.sent = {};
    peer.lease_stamp = {};
    peer.heard = now_;
    peer.disk_full = false;
    begin_probe(peer, log_.last().next());
  }
  settle_transfer();
  send_heartbeats();
  // Section 8: an entry of its own term, so that it learns what is committed.
  append_own(EntryKind::noop, 0, nullptr);
  update_lease();
  out_->timers.push_back({kHeartbeatTimer, now_ + settings_.heartbeat_interval});
}

void Raft::become_follower(model::Term term, model::NodeId leader) {
  OSTRAKA_ASSERT(term >= hard_.term, "terms never fall");
  if (term > hard_.term) {
    hard_.term = term;
    hard_.vote = {};
    matched_ = {};
    durability_.ack_owed = false;
    persist_hard_state();
  }
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

void Raft::leave_leadership() {
  fail_pending_reads(base::ErrorCode::no_leader);
  if (s_.leading.change) {
    fail(*s_.leading.change, base::ErrorCode::unknown_outcome);
  }
  s_.leading = Leading{};
  out_->timers.push_back({kHeartbeatTimer, base::Instant::never()});
}

void Raft::restart_election_period() {
  Election& election = s_.election;
  const bool leader_gone = role_ == Role::pre_candidate && election.leader_unreachable;
  election.timeout = draw_election_timeout(settings_, leader_gone, prng_);
  postpone_election(now_ + election.timeout);
}

void Raft::postpone_election(base::Instant deadline) {
  s_.election.deadline = deadline;
  if (!is_leader()) {
    s_.election.timer.arm(deadline, *out_);
  }
}

}  // namespace ostraka::protocol::raft
