// Reconfiguration with a window alpha (Lamport, Malkhi, Zhou, "Reconfiguring a State Machine",
// 2010): the configuration chosen in slot i decides about the slots from i + alpha on.
//
// The entry in slot i names the new voters and, as voters_outgoing, the ones still in force. The
// leader fills the window with no-ops, collects promises of the new voters, and closes the change
// with an entry that names them alone. A node that starts from a snapshot between the two does not
// know i: it asks quorums of both, which is right for either side of the boundary.
#include "protocol/core/membership.h"

#include "base/assert.h"
#include "protocol/multi_paxos/internal/quorum_value.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::multi_paxos {
namespace {

// A ballot carries its node.
bool has_possible_ids(const model::Configuration& target) {
  const auto fits = [](const model::Member& member) {
    return member.id.value() < (1U << kNodeBits);
  };
  return std::ranges::all_of(target.voters, fits) && std::ranges::all_of(target.learners, fits);
}

}  // namespace

bool is_usable(const Tuning& tuning, std::size_t voters) {
  return quorum::is_safe(quorum::flexible(voters, tuning.phase1, tuning.phase2)) &&
         tuning.alpha >= 2 && tuning.alpha <= kSlotsAheadMax / 4;
}

void MultiPaxos::start_from(const Recovered& recovered) {
  auto initial = recovered.snapshot.configuration;
  if (initial == nullptr) {
    initial = std::make_shared<const model::Configuration>();
  }
  chosen_ = {.index = applied_, .exact = false, .configuration = std::move(initial)};
  for (const ConfigurationAt& at : log_.configurations()) {
    if (at.index <= commit_) {
      chosen_ = {.index = at.index, .exact = true, .configuration = at.configuration};
    }
  }
  const std::size_t voters = chosen_.configuration->voters.size();
  OSTRAKA_ASSERT(voters == 0 || is_usable(tuning_, voters), "the quorums do not meet");
  adopt_configuration();
}

bool MultiPaxos::is_voter() const {
  const Peer* self = find(self_);
  return self != nullptr && (self->incoming || self->outgoing);
}

// In every configuration that is known.
bool MultiPaxos::is_sole_voter() const {
  return protocol::is_sole_voter(configuration(), self_) &&
         std::ranges::all_of(log_.configurations(), [this](const ConfigurationAt& at) {
           return at.index <= chosen_.index || protocol::is_sole_voter(*at.configuration, self_);
         });
}

model::LogIndex MultiPaxos::in_force_from() const { return chosen_.index + tuning_.alpha; }

Electorate MultiPaxos::electorate_of(model::LogIndex slot) const {
  const std::uint64_t alpha = mutant_ == Mutant::configuration_at_once ? 1 : tuning_.alpha;
  if (!chosen_.configuration->is_joint() || slot >= chosen_.index + alpha) {
    return Electorate::incoming;
  }
  return chosen_.exact ? Electorate::outgoing : Electorate::both;
}

// Who could make somebody else leader, of this slot or a later one.
Electorate MultiPaxos::electorate_now() const {
  return electorate_of(commit_.next()) == Electorate::incoming ? Electorate::incoming
                                                               : Electorate::both;
}

std::size_t MultiPaxos::needed(bool outgoing, Phase phase) const {
  const std::size_t voters = outgoing ? chosen_.configuration->voters_outgoing.size()
                                      : chosen_.configuration->voters.size();
  const quorum::Flexible sizes = quorum::flexible(voters, tuning_.phase1, tuning_.phase2);
  if (!quorum::is_safe(sizes)) {
    return std::max<std::size_t>(voters, 1);  // of nobody: never reached
  }
  return phase == Phase::one ? sizes.phase1 : sizes.phase2;
}

// A quorum of the voters to come holds everything up to the entry that makes them so. What they
// accept as the ones who decide then tells them that it is chosen (MultiPaxos::known_chosen).
bool MultiPaxos::are_ready() const {
  return !chosen_.configuration->is_joint() ||
         quorum_value(Electorate::incoming, Phase::two, [this](const Peer& peer) {
           return (peer.id == self_ ? durable_upto() : peer.match).value();
         }) >= chosen_.index.value();
}

// A quorum of those who decide about the slot has told everything that it accepted.
bool MultiPaxos::has_promises(model::LogIndex slot) const {
  return quorum_value(electorate_of(slot), Phase::one,
                      [](const Peer& peer) { return std::uint64_t{peer.promised ? 1U : 0U}; }) != 0;
}

quorum::Outcome MultiPaxos::outcome_of(Electorate electorate) const {
  bool won = true;
  for (const bool outgoing : {false, true}) {
    if (electorate == (outgoing ? Electorate::incoming : Electorate::outgoing)) {
      continue;
    }
    quorum::Tally tally;
    for (const Peer& peer : peers_) {
      if (outgoing ? peer.outgoing : peer.incoming) {
        ++tally.voters;
        tally.granted += peer.answer == Answer::granted ? 1 : 0;
        tally.refused += peer.answer == Answer::refused ? 1 : 0;
      }
    }
    const quorum::Outcome each = quorum::outcome(tally, needed(outgoing, Phase::one));
    if (each == quorum::Outcome::lost) {
      return each;
    }
    won = won && each == quorum::Outcome::won;
  }
  return won ? quorum::Outcome::won : quorum::Outcome::pending;
}

// A configuration that may be chosen behind the newest one that is.
const ConfigurationAt* MultiPaxos::open_change() const {
  const std::vector<ConfigurationAt>& known = log_.configurations();
  return !known.empty() && known.back().index > commit_ ? &known.back() : nullptr;
}

bool MultiPaxos::has_open_change() const {
  return chosen_.configuration->is_joint() || open_change() != nullptr;
}

std::optional<base::ErrorCode> MultiPaxos::refusal_of(const ChangeMembership& event) const {
  if (!is_leader()) {
    return leader_.is_none() ? base::ErrorCode::no_leader : base::ErrorCode::not_leader;
  }
  const model::Configuration& now = configuration();
  if (event.target == nullptr || !is_proper(*event.target) || !has_possible_ids(*event.target) ||
      !keeps_identities(now.voters, event.target->voters) ||
      !is_usable(tuning_, event.target->voters.size())) {
    return base::ErrorCode::invalid_argument;
  }
  if (has_open_change() || s_.transfer) {
    return base::ErrorCode::membership_pending;
  }
  if (s_.leading.proposed < s_.leading.inherited || !may_propose(s_.leading.proposed.next())) {
    return base::ErrorCode::busy;
  }
  if (!event.joint && difference(now.voters, event.target->voters) > 1) {
    return base::ErrorCode::invalid_argument;
  }
  return std::nullopt;
}

void MultiPaxos::on(const ChangeMembership& event) {
  if (const auto refusal = refusal_of(event)) {
    fail(event.id, *refusal);
    return;
  }
  const model::Configuration& now = configuration();
  if (*event.target == now) {
    out_->done.push_back({event.id});
    return;
  }
  s_.leading.change = event.id;
  auto next = std::make_shared<model::Configuration>(*event.target);
  if (difference(now.voters, next->voters) != 0) {
    next->voters_outgoing = now.voters;
  }
  propose_own(EntryKind::configuration, 0, std::move(next));
  extend();
}

// Rebuilds the peers from the newest chosen configuration; keeps what is known of those that stay.
void MultiPaxos::adopt_configuration() {
  const model::Configuration& now = configuration();
  adopt_members(peers_, now, [this](Peer& peer) {
    peer.heard = now_;
    peer.report_next = commit_.next();
    peer.promised = is_leader() && peer.id == self_;
    begin_probe(peer, commit_.next());
  });
  scratch_.reserve(peers_.size());
  if (out_ == nullptr) {
    return;
  }
  out_->configuration = chosen_.configuration;
  trace(TraceKind::configuration, chosen_.index.value(), now.voters.size(),
        now.voters_outgoing.size());
  if (is_leader()) {
    update_lease();
  } else if (role_ == Role::learner || role_ == Role::follower) {
    role_ = is_voter() ? Role::follower : Role::learner;
  }
}

// Slots behind `before` are chosen now.
void MultiPaxos::adopt_chosen(model::LogIndex before) {
  bool changed = false;
  for (const ConfigurationAt& at : log_.configurations()) {
    if (at.index > before && at.index <= commit_) {
      chosen_ = {.index = at.index, .exact = true, .configuration = at.configuration};
      changed = true;
    }
  }
  if (changed) {
    persist_hard_state();
    adopt_configuration();
  }
  if (is_leader() && changed) {
    repeat_prepares();
  }
  if (is_leader()) {
    continue_change();
  }
}

// A change takes effect only when the slots before it are there: no-ops, if nobody else wants them.
void MultiPaxos::fill_window() {
  const ConfigurationAt* open = open_change();
  const bool opened = open != nullptr && open->configuration->is_joint();
  if (!opened && !chosen_.configuration->is_joint()) {
    return;
  }
  Leading& leading = s_.leading;
  if (leading.proposed < leading.inherited) {
    return;
  }
  const model::LogIndex end = opened ? open->index + tuning_.alpha : in_force_from();
  while (leading.proposed.next() < end && may_propose(leading.proposed.next())) {
    put_at_own_ballot({leading.proposed.next(), hard_.term, EntryKind::noop, 0}, nullptr);
  }
  // The new voters decide about the next slot: the old ones are named no more.
  if (open == nullptr && leading.proposed.next() >= end && may_propose(leading.proposed.next())) {
    auto target = std::make_shared<model::Configuration>(configuration());
    target->voters_outgoing.clear();
    put_at_own_ballot({leading.proposed.next(), hard_.term, EntryKind::configuration, 0},
                      std::move(target));
  }
}

// The end of a change, seen by the leader.
void MultiPaxos::continue_change() {
  if (chosen_.configuration->is_joint()) {
    return;
  }
  if (s_.leading.change && open_change() == nullptr) {
    out_->done.push_back({*s_.leading.change});
    s_.leading.change.reset();
  }
  if (!is_voter() && commit_ >= s_.leading.inherited) {
    leave_as_removed();
  }
}

// A leader outside the new configuration steps down once that is in force. It tells the others what
// is chosen and hands over to the member that has most of the log.
void MultiPaxos::leave_as_removed() {
  Peer* best = nullptr;
  for (Peer& peer : peers_) {
    if (peer.incoming && peer.match == s_.leading.proposed && best == nullptr) {
      best = &peer;
    }
  }
  if (best == nullptr) {
    return;  // nobody could take over
  }
  send_heartbeats();
  tell_to_campaign(*best);
  become_follower({});
}

}  // namespace ostraka::protocol::multi_paxos
