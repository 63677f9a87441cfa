// Membership changes (Raft paper section 6: joint consensus; thesis chapter 4: single server). The
// newest configuration in the log is in force, committed or not.
#include "protocol/core/membership.h"

#include "base/assert.h"
#include "protocol/raft/raft.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::raft {
bool Raft::is_voter() const {
  const Peer* self = find(self_);
  return self != nullptr && (self->incoming || self->outgoing);
}

bool Raft::may_lead() const { return may_still_vote(log_.configurations(), commit_, self_); }

// In every configuration that this log knows.
bool Raft::is_sole_voter() const {
  return std::ranges::all_of(log_.configurations(), [this](const ConfigurationAt& at) {
    return protocol::is_sole_voter(*at.configuration, self_);
  });
}

// A sole voter has no other leader than itself, but for the one that made it so: that one is past
// when the log has a later term, and never was when the log knows no other configuration.
bool Raft::has_led_alone() const {
  const model::LogIndex made = log_.configurations().front().index;
  return is_sole_voter() && (made.is_none() || log_.last_term() > log_.term_at(made));
}

std::optional<base::ErrorCode> Raft::refusal_of(const ChangeMembership& event) const {
  if (!is_leader()) {
    return leader_.is_none() ? base::ErrorCode::no_leader : base::ErrorCode::not_leader;
  }
  const model::Configuration& now = configuration();
  if (event.target == nullptr || !is_proper(*event.target) ||
      !keeps_identities(now.voters, event.target->voters)) {
    return base::ErrorCode::invalid_argument;
  }
  if (mutant_ != Mutant::no_config_guard) {
    if (log_.configuration().index > commit_ || now.is_joint() || s_.transfer) {
      return base::ErrorCode::membership_pending;
    }
    // Without an entry of its own term committed, a leader may build on a configuration that a
    // rival has already left (the bug of thesis 4.1, found after publication).
    if (commit_ < s_.leading.first_of_term) {
      return base::ErrorCode::busy;
    }
  }
  if (!event.joint && difference(now.voters, event.target->voters) > 1) {
    return base::ErrorCode::invalid_argument;
  }
  return std::nullopt;
}

void Raft::on(const ChangeMembership& event) {
  if (const auto refusal = refusal_of(event)) {
    fail(event.id, *refusal);
    return;
  }
  if (*event.target == configuration()) {
    out_->done.push_back({event.id});
    return;
  }
  s_.leading.change = event.id;
  auto configuration_of_entry = event.target;
  if (event.joint) {
    auto joint = std::make_shared<model::Configuration>(*event.target);
    joint->voters_outgoing = configuration().voters;
    configuration_of_entry = std::move(joint);
  }
  append_own(EntryKind::configuration, 0, std::move(configuration_of_entry));
}

// Rebuilds the peers from the configuration in force; keeps what is known of those that stay.
void Raft::adopt_configuration() {
  const model::Configuration& now = configuration();
  adopt_members(peers_, now, [this](Peer& peer) {
    peer.heard = now_;
    begin_probe(peer, log_.last().next());
  });
  scratch_.reserve(2 * peers_.size());
  if (out_ == nullptr) {
    return;
  }
  out_->configuration = log_.configuration().configuration;
  trace(TraceKind::configuration, log_.configuration().index.value(), now.voters.size(),
        now.voters_outgoing.size());
  if (is_leader()) {
    if (Peer* self = find(self_); self != nullptr) {
      self->match = durability_.log.index();
    }
    update_lease();
  } else if (role_ == Role::learner || role_ == Role::follower) {
    role_ = is_voter() ? Role::follower : Role::learner;
  }
}

// Called when the commit index rose: the next step of a change, or its end.
void Raft::continue_change() {
  const ConfigurationAt& newest = log_.configuration();
  if (newest.index > commit_ || commit_ < s_.leading.first_of_term) {
    return;
  }
  if (newest.configuration->is_joint()) {
    // C_old,new is committed: neither side can decide alone any more, C_new may follow.
    auto target = std::make_shared<model::Configuration>(*newest.configuration);
    target->voters_outgoing.clear();
    append_own(EntryKind::configuration, 0, std::move(target));
    return;
  }
  if (s_.leading.change) {
    out_->done.push_back({*s_.leading.change});
    s_.leading.change.reset();
  }
  if (!is_voter()) {
    leave_as_removed();
  }
}

// Section 6: a leader outside the new configuration steps down once it is committed. It tells the
// others the commit index and hands over to the member that has most of the log.
void Raft::leave_as_removed() {
  Peer* best = nullptr;
  for (Peer& peer : peers_) {
    if (peer.incoming && peer.match == log_.last() && best == nullptr) {
      best = &peer;
    }
  }
  send_heartbeats();
  if (best != nullptr) {
    tell_to_campaign(*best);
  }
  become_follower(hard_.term, {});
}

}  // namespace ostraka::protocol::raft
