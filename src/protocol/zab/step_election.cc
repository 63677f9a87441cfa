// Phase 0, fast leader election (Medeiros, section 4.2 and algorithm 4): every looking node says
// whom it would have lead, takes over a better vote, and is done when a quorum says the same for a
// while. An oracle only: what makes a leader safe is discovery and synchronisation.
#include "protocol/core/membership.h"
#include "protocol/zab/internal/quorum_value.h"
#include "protocol/zab/zab.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace ostraka::protocol::zab {
namespace {

Vote vote_of(const Message& message) {
  return {message.hint_term, message.log_term, message.index,
          model::NodeId{static_cast<std::uint32_t>(message.hint_index.value())}};
}

}  // namespace

bool Zab::is_looking() const {
  return phase_ == Phase::election && s_.election.repeat_at != base::Instant::never();
}

void Zab::on(const Campaign&) {
  if (!leads() && !log_lost_ && now_ >= s_.promise.until) {
    look_for_leader();
  }
}

void Zab::on_election_timer() {
  Election& election = s_.election;
  election.timer.fired();
  if (leads()) {
    return;
  }
  if (is_looking()) {
    continue_election();
  } else if (now_ < election.deadline) {
    arm_election(election.deadline);
  } else if (now_ < s_.promise.until) {
    arm_election(s_.promise.until);
  } else {
    look_for_leader();
  }
}

void Zab::continue_election() {
  Election& election = s_.election;
  if (now_ >= election.decide_at) {
    decide();
    return;
  }
  if (now_ >= election.repeat_at) {
    election.repeat_after = std::min(election.repeat_after * 2, settings_.election_timeout_min);
    election.repeat_at = now_ + election.repeat_after;
    announce();
  }
  arm_election(std::min(election.decide_at, election.repeat_at));
}

Vote Zab::own_vote() const { return {hard_.second_term, log_.last_term(), log_.last(), self_}; }

// Later epoch, then greater zxid, then greater identity (Medeiros, 4.2). Of equal histories a
// member of the newest configuration is preferred to a server that is being removed.
bool Zab::is_better(const Vote& vote, const Vote& than) const {
  if (mutant_ == Mutant::elect_by_counter) {
    return vote.index != than.index ? vote.index > than.index : vote.id > than.id;
  }
  const auto key = [this](const Vote& of) {
    const Peer* peer = find(of.id);
    const bool member = peer != nullptr && (peer->incoming || peer->outgoing);
    return std::tuple(of.epoch, of.log_term, of.index, member, of.id);
  };
  return key(vote) > key(than);
}

// Members, and whoever has a later history: then the newest configuration here may not be the last
// word. With an equal history a server outside is not needed.
bool Zab::is_votable(const Vote& vote) const {
  const Peer* peer = find(vote.id);
  if (peer != nullptr && now_ < peer->suspected_until) {
    return false;
  }
  Vote own = own_vote();
  own.id = vote.id;
  return (peer != nullptr && (peer->incoming || peer->outgoing)) || vote > own;
}

// Votes travel further than a candidate's own messages: without this, nodes that hear of the best
// one only through others would elect it again and again and never reach it. Once may be lost
// messages; the time is enough to try others as often.
void Zab::suspect(model::NodeId candidate) {
  if (Peer* peer = find(candidate); peer != nullptr && ++peer->failures > 1) {
    peer->suspected_until = now_ + settings_.election_timeout_max * 3;
  }
}

// A new round. Nodes that may not lead have no vote: they wait to be invited.
void Zab::look_for_leader() {
  Election& election = s_.election;
  if (phase_ == Phase::discovery || phase_ == Phase::synchronisation) {
    suspect(leader_);
  }
  phase_ = Phase::election;
  leader_ = {};
  s_.following.introduced = false;
  s_.following.ack_new_leader_owed = false;
  s_.following.matched = {};
  durability_.ack_owed = false;
  election.leader_unreachable = false;
  fail_forwarded_reads();
  // A server that its newest configuration leaves out is a last resort: members first.
  const bool waits = !is_voter() && !election.waited;
  election.waited = waits;
  if (!may_lead(self_) || installing_ || waits) {
    look_later(now_ + settings_.election_timeout_max);
    return;
  }
  ++election.round;
  for (Peer& peer : peers_) {
    peer.vote.reset();
    peer.serves = {};
  }
  election.repeat_after = settings_.heartbeat_interval * 2;
  election.repeat_at = now_ + election.repeat_after;
  take_vote(own_vote());
}

void Zab::look_later(base::Instant when) {
  s_.election.decide_at = base::Instant::never();
  s_.election.repeat_at = base::Instant::never();
  s_.election.deadline = when;
  arm_election(when);
}

void Zab::take_vote(const Vote& vote) {
  Election& election = s_.election;
  election.vote = vote;
  election.decide_at = base::Instant::never();
  if (Peer* self = find(self_); self != nullptr) {
    self->vote = vote;
  }
  trace(TraceKind::vote, vote.id.value(), election.round, vote.index.value());
  announce();
  judge_election();
}

// To everybody that may lead: a server outside the newest configuration has to hear its votes.
void Zab::announce() {
  std::vector<model::NodeId> told = {self_};
  const auto tell = [&](const std::vector<model::Member>& members) {
    for (const model::Member& member : members) {
      if (std::find(told.begin(), told.end(), member.id) == told.end()) {
        told.push_back(member.id);
        notify(member.id);
      }
    }
  };
  const std::vector<ConfigurationAt>& known = log_.configurations();
  for (std::size_t i = known.size(); i-- > 0;) {
    tell(known[i].configuration->voters);
    tell(known[i].configuration->voters_outgoing);
    if (known[i].index <= commit_) {
      break;
    }
  }
  if (is_looking() && std::find(told.begin(), told.end(), s_.election.vote.id) == told.end()) {
    notify(s_.election.vote.id);
  }
}

void Zab::notify(model::NodeId to) {
  const Vote vote = phase_ == Phase::election ? s_.election.vote : own_vote();
  const model::NodeId id = phase_ == Phase::election ? vote.id : leader_;
  Message& message = compose(to, MessageKind::notification);
  message.flags = phase_ == Phase::election ? kLooking : leads() ? kLeading : kFollowing;
  message.context = s_.election.round;
  message.hint_term = vote.epoch;
  message.log_term = vote.log_term;
  message.index = vote.index;
  message.hint_index = model::LogIndex{id.value()};
}

void Zab::on_notification(const Message& message) {
  const bool looks = message.flags == kLooking;
  if (message.from == leader_ && message.flags == kLeading && is_waiting()) {
    hear_leader();
    return;
  }
  if ((looks && support(message)) || (!may_lead(message.from) && !is_votable(vote_of(message)))) {
    return;
  }
  if (phase_ != Phase::election) {
    if (looks) {
      answer_notification(message);
    }
    return;
  }
  if (!is_looking()) {
    if (!looks || now_ < s_.promise.until || !is_voter()) {
      return;
    }
    look_for_leader();
    if (!is_looking()) {
      return;
    }
  }
  count_notification(message);
}

// A node that may not lead by its own history can still be a voter by a candidate's: one that is
// being added. It supports the best candidate that asks, and follows it at once.
bool Zab::support(const Message& message) {
  Election& election = s_.election;
  const Vote vote = vote_of(message);
  const bool again = leader_ == message.from && is_waiting();
  const bool follows_worse =
      phase_ == Phase::election || (phase_ == Phase::discovery && vote > election.vote);
  if (may_lead(self_) || vote.id != message.from || leads() || installing_ ||
      (!follows_worse && !again) || now_ < s_.promise.until) {
    return false;
  }
  Vote own = own_vote();
  own.id = vote.id;
  if (vote < own) {
    return false;
  }
  phase_ = again ? phase_ : Phase::election;
  election.round = message.context;
  election.vote = vote;
  notify(message.from);
  if (again) {
    hear_leader();
    send_follower_info();
  } else {
    follow(message.from);
  }
  return true;
}

// The sender looks for a leader, this node has one, or is it.
void Zab::answer_notification(const Message& message) {
  if (leads()) {
    if (s_.leading.chosen && message.term > hard_.term) {
      give_up(Reason::later_epoch);  // it cannot follow this epoch
      return;
    }
    if (Peer* peer = find(message.from); peer != nullptr) {
      end_session(*peer);
    }
    notify(message.from);
    return;
  }
  if (leader_ == message.from && message.context == s_.election.round &&
      vote_of(message).id == message.from && is_waiting()) {
    hear_leader();  // it has not decided yet
    notify(message.from);
    return;
  }
  const bool gave_up = leader_ == message.from && message.term >= hard_.term;
  if (gave_up && s_.promise.leader == message.from) {
    s_.promise.until = now_;  // a leader never takes up an epoch again: its lease is over for ever
  }
  const bool silent = s_.election.leader_unreachable ||
                      now_ - s_.election.heard_leader >= settings_.election_timeout_min;
  if ((gave_up || silent) && now_ >= s_.promise.until) {
    look_for_leader();
    if (is_looking()) {
      count_notification(message);
    }
    return;
  }
  if (leader_ == message.from) {
    s_.election.round = std::max(s_.election.round, message.context);  // still its supporter
  }
  notify(message.from);
}

void Zab::count_notification(const Message& message) {
  Election& election = s_.election;
  Peer* peer = find(message.from);  // null: it may lead, and its vote does not count
  const Vote vote = vote_of(message);
  if (peer != nullptr) {
    peer->serves = message.flags != kLooking ? vote.id : model::NodeId{};
  }
  if (message.flags != kLooking) {
    if (peer != nullptr && message.context == election.round && vote.id == election.vote.id) {
      peer->vote = election.vote;  // it has decided already, as this node would
      judge_election();
    }
    if (is_looking() && message.flags == kLeading && message.context == election.round &&
        message.from == election.vote.id) {
      follow(message.from);  // it has counted the votes, and this node's is for it
    } else if (is_looking()) {
      join_serving_leader();
    }
    return;
  }
  if (message.context < election.round) {
    notify(message.from);  // it is behind: it will take over this round
    return;
  }
  if (message.context > election.round) {
    election.round = message.context;
    for (Peer& each : peers_) {
      each.vote.reset();
    }
    if (peer != nullptr) {
      peer->vote = vote;
    }
    const Vote own = own_vote();
    take_vote(is_votable(vote) && is_better(vote, own) ? vote : own);
    return;
  }
  if (peer != nullptr) {
    peer->vote = vote;
  }
  const bool yields = message.from == election.vote.id && vote.id != message.from;
  if (yields) {
    // The candidate itself prefers another: nobody can elect it any more.
    const Vote own = own_vote();
    take_vote(is_votable(vote) && is_better(vote, own) ? vote : own);
  } else if (is_votable(vote) && is_better(vote, election.vote)) {
    take_vote(vote);
  } else {
    judge_election();
  }
}

// Termination: a quorum has this node's vote, and no better one came for a heartbeat interval; at
// once when there is nobody left to bring one.
void Zab::judge_election() {
  Election& election = s_.election;
  const auto agrees = [&election](const Peer& peer) { return peer.vote == election.vote; };
  if (!is_quorum(agrees)) {
    election.decide_at = base::Instant::never();
  } else if (std::all_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
               return agrees(peer) || (!peer.incoming && !peer.outgoing);
             })) {
    decide();
    return;
  } else if (election.decide_at == base::Instant::never()) {
    election.decide_at = now_ + settings_.heartbeat_interval;
  }
  arm_election(std::min(election.decide_at, election.repeat_at));
}

// Out of election: a quorum serves one leader, and that one says that it leads.
void Zab::join_serving_leader() {
  for (const Peer& leader : peers_) {
    if (leader.serves == leader.id && leader.id != self_ &&
        is_quorum([&leader](const Peer& peer) { return peer.serves == leader.id; })) {
      follow(leader.id);
      return;
    }
  }
}

void Zab::decide() {
  const Vote vote = s_.election.vote;
  trace(TraceKind::decided, vote.id.value(), s_.election.round);
  if (vote.id == self_) {
    begin_leading();
  } else {
    follow(vote.id);
  }
}

// For a candidate that is heard, and has no quorum yet. Not for ever: it may never hear of one.
bool Zab::is_waiting() const {
  return phase_ == Phase::discovery && !leads() &&
         now_ - s_.following.since < settings_.election_timeout_max * 2;
}

void Zab::hear_leader() {
  Election& election = s_.election;
  election.heard_leader = now_;
  election.leader_unreachable = false;
  election.deadline = now_ + election.timeout;
}

}  // namespace ostraka::protocol::zab
