// Reconfiguration with a window alpha (Lamport, Malkhi, Zhou, "Reconfiguring a State Machine",
// 2010): the configuration chosen in slot i decides about the slots from i + alpha on.
//
// The entry in slot i names the new voters and, as voters_outgoing, the ones still in force. The
// leader fills the window with no-ops, collects promises of the new voters, and closes the change
// with an entry that names them alone. A node that starts from a snapshot between the two does not
// know i: it asks quorums of both, which is right for either side of the boundary.
#include "base/assert.h"
#include "protocol/multi_paxos/internal/quorum_value.h"
#include "protocol/multi_paxos/multi_paxos.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::multi_paxos {
namespace {

using Members = std::vector<model::Member>;

bool is_sorted_set(const Members& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].id.is_none() || members[i].id.value() >= (1U << kNodeBits) ||
        (i > 0 && members[i - 1].id >= members[i].id)) {
      return false;
    }
  }
  return true;
}

const model::Member* find_member(const Members& members, model::NodeId id) {
  const auto at = std::ranges::find(members, id, &model::Member::id);
  return at == members.end() ? nullptr : &*at;
}

bool is_proper(const model::Configuration& target) {
  return !target.voters.empty() && !target.is_joint() && is_sorted_set(target.voters) &&
         is_sorted_set(target.learners) &&
         std::ranges::none_of(target.learners, [&target](const model::Member& learner) {
           return find_member(target.voters, learner.id) != nullptr;
         });
}

// An identity stands for one disk history: another one needs another identity.
bool keeps_identities(const Members& before, const Members& after) {
  return std::ranges::all_of(after, [&before](const model::Member& member) {
    const model::Member* earlier = find_member(before, member.id);
    return earlier == nullptr || earlier->incarnation.is_none() ||
           earlier->incarnation == member.incarnation;
  });
}

std::size_t missing_in(const Members& from, const Members& in) {
  return static_cast<std::size_t>(std::ranges::count_if(
      from, [&in](const model::Member& member) { return find_member(in, member.id) == nullptr; }));
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
  const auto is_sole = [this](const model::Configuration& each) {
    return !each.is_joint() && each.voters.size() == 1 && each.voters.front().id == self_;
  };
  return is_sole(*chosen_.configuration) &&
         std::ranges::all_of(log_.configurations(), [this, &is_sole](const ConfigurationAt& at) {
           return at.index <= chosen_.index || is_sole(*at.configuration);
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
  if (event.target == nullptr || !is_proper(*event.target) ||
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
  const std::size_t difference =
      missing_in(now.voters, event.target->voters) + missing_in(event.target->voters, now.voters);
  if (!event.joint && difference > 1) {
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
  if (missing_in(now.voters, next->voters) + missing_in(next->voters, now.voters) != 0) {
    next->voters_outgoing = now.voters;
  }
  propose_own(EntryKind::configuration, 0, std::move(next));
  extend();
}

// Rebuilds the peers from the newest chosen configuration; keeps what is known of those that stay.
void MultiPaxos::adopt_configuration() {
  const model::Configuration& now = configuration();
  std::vector<Peer> before = std::move(peers_);
  peers_.clear();
  const auto take = [&](const Members& members, bool Peer::* mark) {
    for (const model::Member& member : members) {
      Peer* peer = find(member.id);
      if (peer == nullptr) {
        const auto known = std::ranges::find(before, member.id, &Peer::id);
        if (known != before.end()) {
          peers_.push_back(std::move(*known));
          peers_.back().incoming = false;
          peers_.back().outgoing = false;
        } else {
          peers_.emplace_back();
          peers_.back().id = member.id;
          peers_.back().heard = now_;
          peers_.back().report_next = commit_.next();
          peers_.back().promised = is_leader() && member.id == self_;
          begin_probe(peers_.back(), commit_.next());
        }
        peer = &peers_.back();
      }
      if (mark != nullptr) {
        peer->*mark = true;
      }
    }
  };
  take(now.voters, &Peer::incoming);
  take(now.voters_outgoing, &Peer::outgoing);
  take(now.learners, nullptr);
  std::ranges::sort(peers_, {}, &Peer::id);
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
