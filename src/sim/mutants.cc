#include "sim/mutants.h"

#include <map>

namespace ostraka::sim {

base::Result<Mutants> parse_mutant(const std::string& name) {
  using Raft = protocol::raft::Mutant;
  using Wal = wal::Mutant;
  using Kv = kv::Mutant;
  static const std::map<std::string, Mutants> known{
      {"raft:commit_any_term", {.raft = Raft::commit_any_term}},
      {"raft:vote_before_durable", {.raft = Raft::vote_before_durable}},
      {"raft:ack_before_durable", {.raft = Raft::ack_before_durable}},
      {"raft:no_config_guard", {.raft = Raft::no_config_guard}},
      {"raft:lease_kept_in_transfer", {.raft = Raft::lease_kept_in_transfer}},
      {"raft:vote_within_promise_on_reset", {.raft = Raft::vote_within_promise_on_reset}},
      {"raft:vote_after_restart_within_promise", {.raft = Raft::vote_after_restart_within_promise}},
      {"raft:read_without_own_term_commit", {.raft = Raft::read_without_own_term_commit}},
      {"raft:prevote_silent", {.raft = Raft::prevote_silent}},
      {"raft:vote_twice", {.raft = Raft::vote_twice}},
      {"raft:lease_from_receipt", {.raft = Raft::lease_from_receipt}},
      {"raft:resend_window", {.raft = Raft::resend_window}},
      {"raft:leader_kept_in_prevote", {.raft = Raft::leader_kept_in_prevote}},
      {"raft:no_prevote", {.raft = Raft::no_prevote}},
      {"raft:no_check_quorum", {.raft = Raft::no_check_quorum}},
      {"raft:quorum_not_heard", {.raft = Raft::quorum_not_heard}},
      {"raft:restart_promise_for_ever", {.raft = Raft::restart_promise_for_ever}},
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
      {"router:retry_alone", {.router = router::Mutant::retry_alone}},
      {"router:redo_expired", {.router = router::Mutant::redo_expired}},
      {"peer:one_connection", {.peer = peer::Mutant::one_connection}},
      {"node:wiped_voter_votes", {.node = node::Mutant::wiped_voter_votes}},
      {"engine:rename_before_sync", {.engine = engine_memory::Mutant::rename_before_sync}},
      {"replica:log_time_follows_step", {.log_time_follows_step = true}},
      {"sim:seed_by_address", {.seed_by_address = true}},
  };
  const auto found = known.find(name);
  if (found == known.end()) {
    return base::fail(base::ErrorCode::invalid_argument, "unknown mutant '" + name + "'");
  }
  return found->second;
}

}  // namespace ostraka::sim
