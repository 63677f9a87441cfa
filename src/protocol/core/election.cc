#include "protocol/core/election.h"

#include <algorithm>

namespace ostraka::protocol {

void LeasePromise::extend(base::Instant to, model::Term asking, std::uint64_t asking_round) {
  until = std::max(until, to);
  if (term != asking || round < asking_round) {
    term = asking;
    round = asking_round;
  }
}

bool LeasePromise::is_released(model::Term by, std::uint64_t upto_round, base::Instant now) const {
  return term < by || (term == by && round <= upto_round && now >= former_until);
}

base::Duration draw_election_timeout(const Settings& settings, bool leader_gone, base::Prng& prng) {
  std::int64_t low = settings.election_timeout_min.as_nanoseconds();
  std::int64_t high = std::max(low, settings.election_timeout_max.as_nanoseconds());
  if (leader_gone) {
    low = 2 * settings.heartbeat_interval.as_nanoseconds();
    high = 5 * settings.heartbeat_interval.as_nanoseconds();
  }
  return base::Duration::nanoseconds(prng.between(low, high));
}

base::Duration draw_early_campaign(const Settings& settings, base::Prng& prng) {
  const std::int64_t spread =
      (settings.election_timeout_max - settings.election_timeout_min).as_nanoseconds() / 2;
  return base::Duration::nanoseconds(prng.between(0, std::max<std::int64_t>(spread, 0)));
}

}  // namespace ostraka::protocol
