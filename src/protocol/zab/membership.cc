// Membership changes, as in Raft's engine: the newest configuration in the history is in force,
// committed or not; by a single server, or jointly by two entries. docs/design/0006 says why, and
// why it is safe with ZAB's epochs.
#include "protocol/core/membership.h"

#include "base/assert.h"
#include "protocol/zab/zab.h"

#include <algorithm>
#include <utility>

namespace ostraka::protocol::zab {
bool Zab::is_voter() const {
  const Peer* self = find(self_);
  return self != nullptr && (self->incoming || self->outgoing);
}

bool Zab::may_lead(model::NodeId id) const {
  return may_still_vote(log_.configurations(), commit_, id);
}

// In every configuration that this log knows.
bool Zab::is_sole_voter() const {
  return std::ranges::all_of(log_.configurations(), [this](const ConfigurationAt& at) {
    return protocol::is_sole_voter(*at.configuration, self_);
  });
}

std::optional<base::ErrorCode> Zab::refusal_of(const ChangeMembership& event) const {
  if (!is_leader()) {
    return not_leading();
  }
  const model::Configuration& now = configuration();
  if (event.target == nullptr || !is_proper(*event.target) ||
      !keeps_identities(now.voters, event.target->voters)) {
    return base::ErrorCode::invalid_argument;
  }
  if (mutant_ != Mutant::no_config_guard &&
      (log_.configuration().index > commit_ || now.is_joint() || s_.transfer)) {
    return base::ErrorCode::membership_pending;
  }
  if (!event.joint && difference(now.voters, event.target->voters) > 1) {
    return base::ErrorCode::invalid_argument;
  }
  return std::nullopt;
}

void Zab::on(const ChangeMembership& event) {
  if (const auto refusal = refusal_of(event)) {
    fail(event.id, *refusal);
    return;
  }
  if (!has_room()) {
    fail(event.id, base::ErrorCode::no_leader);
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
void Zab::adopt_configuration() {
  const model::Configuration& now = configuration();
  adopt_members(peers_, now, [this](Peer& peer) { peer.heard = now_; });
  scratch_.reserve(2 * peers_.size());
  if (out_ == nullptr) {
    return;
  }
  out_->configuration = log_.configuration().configuration;
  trace(TraceKind::configuration, log_.configuration().index.value(), now.voters.size(),
        now.voters_outgoing.size());
  if (leads() && phase_ >= Phase::synchronisation) {
    if (Peer* self = find(self_); self != nullptr && is_durable(durability_.adopted)) {
      self->acked = true;
      self->adopted = true;
      self->match = durability_.log.index();
    }
    update_lease();
  }
}

// Called when the commit index rose: the next step of a change, or its end.
void Zab::continue_change() {
  const ConfigurationAt& newest = log_.configuration();
  if (newest.index > commit_) {
    return;
  }
  if (newest.configuration->is_joint()) {
    if (!has_room()) {
      return;  // the leader of the next epoch goes on with it
    }
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
    resign();
  }
}

}  // namespace ostraka::protocol::zab
