// What every engine asks of a change of membership before it looks at its own state. Pure
// functions; no threads.
#pragma once

#include "model/ids.h"
#include "model/membership.h"

#include <cstddef>
#include <vector>

namespace ostraka::protocol {

// Null when it is not among them.
[[nodiscard]] const model::Member* find_member(const std::vector<model::Member>& members,
                                               model::NodeId id);
// A target that can be in force: voters, sorted sets, nobody both voter and learner, not joint.
[[nodiscard]] bool is_proper(const model::Configuration& target);
// An identity stands for one disk history: another one needs another identity.
[[nodiscard]] bool keeps_identities(const std::vector<model::Member>& before,
                                    const std::vector<model::Member>& after);
// How many are in one of them only.
[[nodiscard]] std::size_t difference(const std::vector<model::Member>& a,
                                     const std::vector<model::Member>& b);
// Every quorum of one meets every quorum of the other.
[[nodiscard]] bool may_follow(const model::Configuration& before,
                              const model::Configuration& after);

}  // namespace ostraka::protocol
