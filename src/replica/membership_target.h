// Targets for Replica::change_membership, computed from the configuration in use. Pure functions.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "model/membership.h"

#include <memory>

namespace ostraka::replica {

using Target = std::shared_ptr<const model::Configuration>;

// For a member that enters: above every identifier that a member has or had, since messages of the
// former bearer may still be under way.
[[nodiscard]] model::NodeId next_node_id(const model::Configuration& now);

// Errors: already_exists (the id, name or address is taken), membership_pending (joint).
[[nodiscard]] base::Result<Target> with_learner(const model::Configuration& now,
                                                const model::Member& member);
// A learner becomes a voter. Errors: not_found, already_exists (votes already), membership_pending.
[[nodiscard]] base::Result<Target> with_promoted(const model::Configuration& now,
                                                 model::NodeId node);
// Errors: not_found, invalid_argument (the last voter), membership_pending.
[[nodiscard]] base::Result<Target> without(const model::Configuration& now, model::NodeId node);

}  // namespace ostraka::replica
