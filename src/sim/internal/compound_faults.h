// Faults that take several steps, or that know the product: lost replies, changes of membership,
// entries of the next version. Threads: one.
#pragma once

#include "sim/world.h"

namespace ostraka::sim::internal {

// The leader's answers to another node are lost while it goes on committing with the rest; then it
// crashes, and the other node is cut off until others have collected their logs. What it had
// forwarded it sends again to the next leader.
void lose_replies(World& world);

// The leader crashes as soon as it has committed something that it does not hold yet: most of its
// replies are lost.
void crash_committed(World& world);

// By joint consensus a follower becomes a learner; a while later it votes again.
void change_membership(World& world);

// The leader, when it is of the next version (WorldOptions::next_version), proposes an entry of a
// type that this version does not know; while no such node leads, later.
void propose_unknown_entry(World& world);

}  // namespace ostraka::sim::internal
