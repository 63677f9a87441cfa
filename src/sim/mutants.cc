#include "sim/mutants.h"

#include "sim/engines.h"

#include <map>

namespace ostraka::sim {

base::Result<Mutants> parse_mutant(const std::string& name) {
  using Wal = wal::Mutant;
  using Kv = kv::Mutant;
  static const std::map<std::string, Mutants> kKnown{
      {"wal:no_generation", {.wal = Wal::no_generation}},
      {"wal:vote_collected_with_segment", {.wal = Wal::vote_collected_with_segment}},
      {"wal:stop_at_first_bad_record_always", {.wal = Wal::stop_at_first_bad_record_always}},
      {"wal:sync_error_ignored", {.wal = Wal::sync_error_ignored}},
      {"kv:memory_only_dedup", {.kv = Kv::memory_only_dedup}},
      {"kv:expiry_by_local_clock", {.kv = Kv::expiry_by_local_clock}},
      {"kv:skip_unknown_entries", {.kv = Kv::skip_unknown_entries}},
      {"replica:lease_by_cached_clock", {.replica = replica::Mutant::lease_by_cached_clock}},
      {"replica:full_for_ever", {.replica = replica::Mutant::full_for_ever}},
      {"replica:no_removals_when_full", {.replica = replica::Mutant::no_removals_when_full}},
      {"replica:install_resets_slots", {.replica = replica::Mutant::install_resets_slots}},
      {"router:retry_alone", {.router = router::Mutant::retry_alone}},
      {"router:redo_expired", {.router = router::Mutant::redo_expired}},
      {"router:unbounded_queue_time", {.router = router::Mutant::unbounded_queue_time}},
      {"peer:one_connection", {.peer = peer::Mutant::one_connection}},
      {"node:wiped_voter_votes", {.node = node::Mutant::wiped_voter_votes}},
      {"engine:rename_before_sync", {.engine = engine_memory::Mutant::rename_before_sync}},
      {"replica:log_time_follows_step", {.log_time_follows_step = true}},
      {"sim:seed_by_address", {.seed_by_address = true}},
  };
  for (const EngineEntry& engine : engines()) {
    if (name.starts_with(std::string(engine.family) + ":")) {
      const std::string_view bug = std::string_view(name).substr(engine.family.size() + 1);
      if (const std::size_t place = protocol::mutant_named(*engine.probe, bug); place != 0) {
        return Mutants{.planted_in = engine.probe, .protocol = place};
      }
    }
  }
  const auto found = kKnown.find(name);
  if (found == kKnown.end()) {
    return base::fail(base::ErrorCode::invalid_argument, "unknown mutant '" + name + "'");
  }
  return found->second;
}

}  // namespace ostraka::sim
