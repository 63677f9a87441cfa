// Parts of an election that engines with terms or ballots share: what a voter has promised a
// leader, and when a follower that hears nobody stands. Whom a promise stands against, and what an
// election asks, is the engine's part.
//
// Values; no threads.
#pragma once

#include "base/prng.h"
#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/protocol.h"

#include <cstdint>

namespace ostraka::protocol {

// No help for any other candidate before `until` on this voter's own clock (protocol/core/lease.h).
// Only ever extended, or replaced by a later leader's; a lost connection does not touch it.
struct LeasePromise {
  base::Instant until;
  model::Term term;         // of the leader that asked
  std::uint64_t round = 0;  // of the heartbeat that asked
  // What this node may have promised in a life before this one, in whatever round, is over then.
  base::Instant former_until;

  // Given now, to the heartbeat `round` of the leader of `asking`.
  void extend(base::Instant to, model::Term asking, std::uint64_t asking_round);
  // Released early only by the leader that it was made to, which gave up its lease after `round_`
  // before it said so; or by a leader of a later term, whose election shows that the earlier
  // leader's lease is over.
  [[nodiscard]] bool is_released(model::Term by, std::uint64_t upto_round, base::Instant now) const;
};

// How long a follower waits for its leader, drawn anew for each period. `leader_gone`: the others
// will notice within a few heartbeats, so ask again soon.
[[nodiscard]] base::Duration draw_election_timeout(const Settings& settings, bool leader_gone,
                                                   base::Prng& prng);
// A little apart from the other followers whose leader went away.
[[nodiscard]] base::Duration draw_early_campaign(const Settings& settings, base::Prng& prng);

}  // namespace ostraka::protocol
