// Bounds and intervals of one replica. Defaults are the product's.
#pragma once

#include "base/time.h"

#include <cstddef>
#include <cstdint>

namespace ostraka::replica {

// The next version, with which the simulator shows that this one stops, and a deliberate bug. Never
// set anywhere else.
enum class Mutant : std::uint8_t {
  none,
  propose_unknown_entries,  // request_state_hash() proposes an entry of a type that nobody knows
  lease_by_cached_clock,  // the lease is compared with the clock as it was at the read before (E5)
  full_for_ever,          // a disk that was full once stays so (S15)
  no_removals_when_full,  // the reserve of the disk is there for nobody (S15)
  install_resets_slots,   // a snapshot takes away what was accepted behind it (S11)
};

struct Options {
  // Bytes of commands accepted and not yet applied; beyond: busy at once.
  std::size_t proposal_bytes_max = 64U << 20;
  // Payload bytes of one log entry; a turn that brings more makes several.
  std::size_t entry_bytes_max = 512U << 10;
  // Commands wait for company while more than they are on their way through the log, but for no
  // longer than this, and not beyond so many bytes: under load that halves the cost of a command,
  // without load nothing waits.
  base::Duration gather_max = base::Duration::milliseconds(1);
  std::size_t gather_bytes_max = 128U << 10;
  // Bytes of reads that wait for an index; beyond: busy at once.
  std::size_t read_bytes_max = 8U << 20;
  // Payload bytes of log entries kept in memory (entries that are not durable or not committed are
  // kept in any case; the protocol's own bounds limit those).
  std::size_t log_cache_bytes = 32U << 20;
  // What is kept of that when everything is applied and acknowledged.
  std::size_t log_cache_idle_bytes = 64U << 10;
  // Payload bytes applied in one turn; the rest waits for the next turn.
  std::size_t apply_bytes_per_turn = 1U << 20;
  std::size_t apply_entries_per_turn = 4096;
  // Messages with entries that wait for a log read, per peer; beyond: dropped (the protocol's retry
  // covers it).
  std::size_t waiting_messages_max = 256;
  // Background work of a leader: how often expired keys are looked for, how many one entry removes.
  base::Duration expiry_interval = base::Duration::milliseconds(100);
  std::size_t expired_keys_max = 512;
  std::size_t garbage_keys_max = 256;
  // Reads of bounded staleness that wait; beyond: busy at once.
  std::size_t stale_reads_max = 65536;
  // A read that waits for a fresh enough state ends with too_stale after this.
  base::Duration stale_read_timeout = base::Duration::milliseconds(1000);
  // How far the log time may run ahead of the monotonic clock before a quorum's clocks must agree.
  base::Duration log_time_step_max = base::Duration::milliseconds(500);
  // A leader whose disk is full for so long hands leadership to a node with space, if a quorum has
  // it (two election timeouts).
  base::Duration disk_full_step_down = base::Duration::milliseconds(1600);
  Mutant mutant = Mutant::none;
};

}  // namespace ostraka::replica
