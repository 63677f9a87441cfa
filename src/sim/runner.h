// Runs one scenario with one seed and says what came of it.
#pragma once

#include "base/result.h"
#include "sim/mutants.h"
#include "sim/recording.h"
#include "sim/scenario.h"
#include "sim/world.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace ostraka::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  // Seeds other than 1 also jitter the times of the schedule by up to half, and add late packets.
  bool jitter = false;
  Mutants mutants;
  // Null: the scenario's, else that of a planted bug, else Raft.
  const protocol::EngineProbe* engine = nullptr;
  // When set: one line for every event (World::trace).
  std::function<void(const std::string&)> trace = {};
  // When set: RunResult::record is this part of the run.
  std::optional<Recording::Window> window = {};
};

struct RunResult {
  std::string violation;  // empty: everything held
  std::uint64_t trace_hash = 0;
  std::uint64_t steps = 0;
  std::uint64_t operations_ok = 0;
  std::uint64_t elections = 0;
  double simulated_seconds = 0;
  std::map<std::string, std::uint64_t> marks;
  std::string log;                         // what the nodes logged, when the run failed
  std::optional<lab::Record> record = {};  // without its command
};

[[nodiscard]] const protocol::EngineProbe& engine_of(const Scenario& scenario,
                                                     const RunOptions& options);

// Errors: invalid_argument when the scenario names something unknown, or does not run under the
// engine.
[[nodiscard]] base::Result<RunResult> run_scenario(const Scenario& scenario,
                                                   const RunOptions& options);

}  // namespace ostraka::sim
