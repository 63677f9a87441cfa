// The planted bugs of a run, and their names: FAMILY:NAME, as scenarios and the command line write
// them.
//
// A check that has never caught one has shown nothing. Values only; no threads.
#pragma once

#include "base/result.h"
#include "engine_memory/engine_memory.h"
#include "kv/state_machine.h"
#include "node/node.h"
#include "protocol/core/engine_probe.h"
#include "replica/options.h"
#include "wal/wal.h"

#include <string>

namespace ostraka::sim {

// At most one planted bug in a run.
struct Mutants {
  // Of that engine: a place in its probe's `mutants`.
  const protocol::EngineProbe* planted_in = nullptr;
  std::size_t protocol = 0;
  wal::Mutant wal = wal::Mutant::none;
  kv::Mutant kv = kv::Mutant::none;
  replica::Mutant replica = replica::Mutant::none;
  node::Mutant node = node::Mutant::none;
  peer::Mutant peer = peer::Mutant::none;
  router::Mutant router = router::Mutant::none;
  engine_memory::Mutant engine = engine_memory::Mutant::none;
  bool log_time_follows_step = false;  // of the leader's wall clock, however large
  bool seed_by_address = false;  // of the simulator itself: runs differ from process to process
  friend bool operator==(const Mutants&, const Mutants&) = default;
};

// Errors: invalid_argument.
[[nodiscard]] base::Result<Mutants> parse_mutant(const std::string& name);

}  // namespace ostraka::sim
