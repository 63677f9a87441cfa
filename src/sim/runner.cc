#include "sim/runner.h"

#include "sim/engines.h"
#include "sim/faults.h"
#include "sim/internal/fault_pairs.h"
#include "sim/internal/topologies.h"
#include "sim/schedule.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace ostraka::sim {
namespace {

using base::Duration;
using internal::schedule_pair;

WorldOptions world_options(const Scenario& scenario, const RunOptions& run) {
  WorldOptions options;
  options.engine = &engine_of(scenario, run);
  options.nodes = scenario.nodes;
  options.spares = scenario.spares;
  options.max_message_bytes = scenario.max_message_bytes;
  options.max_epoch_entries = scenario.max_epoch_entries;
  options.seed = run.seed;
  options.mutants = run.mutants;
  options.plant_later = std::ranges::any_of(
      scenario.steps, [](const Step& step) { return step.kind == Step::Kind::plant; });
  options.small_knobs =
      scenario.knobs == Knobs::small || (scenario.knobs == Knobs::by_seed && run.seed % 2 == 0);
  Parameters more = scenario.options;
  options.session_expiry = Duration::milliseconds(take_number(more, "session_expiry_ms", 0));
  options.resend_after = Duration::milliseconds(take_number(more, "resend_after_ms", 0));
  options.next_version = static_cast<std::uint32_t>(take_number(more, "next_version", 0));
  Parameters network = scenario.network;
  options.network.late_one_in =
      static_cast<std::uint32_t>(take_number(network, "late_one_in", run.jitter ? 200 : 0));
  options.network.corrupt_one_in =
      static_cast<std::uint32_t>(take_number(network, "corrupt_one_in", 0));
  options.network.late_max = Duration::milliseconds(take_number(network, "late_max_ms", 200));
  options.network.bytes_per_ms =
      static_cast<std::uint64_t>(take_number(network, "bytes_per_ms", 0));
  options.network.window_bytes = static_cast<std::size_t>(take_number(network, "window_kb", 256))
                                 << 10U;
  options.network.delay_max = Duration::microseconds(take_number(network, "delay_max_us", 300));
  return options;
}

class Run {
 public:
  Run(const Scenario& scenario, const RunOptions& options)
      : scenario_(scenario),
        options_(options),
        world_(world_options(scenario, options)),
        schedule_(world_, scenario.steps, workloads_,
                  {.exact = !options.jitter && options.mutants == Mutants{},
                   .jitter = options.jitter,
                   .seed = options.seed,
                   .engine = &engine_of(scenario, options)}) {}

  base::Result<RunResult> go() {
    for (const std::string& name : scenario_.may_refuse) {
      world_.allow_refusal(name);
    }
    if (options_.trace) {
      world_.trace(options_.trace);
    }
    if (options_.window) {
      world_.record(recording_.emplace(*options_.window));
    }
    world_.start_all();
    for (const WorkloadSpec& spec : scenario_.workloads) {
      Parameters parameters = spec.parameters;
      if (options_.jitter) {
        // Moved faults may overlap until no majority is connected: progress is promised as written.
        parameters.erase("progress_ms");
      }
      OSTRAKA_ASSIGN(auto workload, make_workload(world_, spec.name, parameters));
      workloads_.push_back(std::move(workload));
    }
    schedule_faults();
    for (const auto& workload : workloads_) {
      workload->start();
    }
    schedule_.start();
    world_.run_for(scenario_.run);
    schedule_.finish();
    if (!bad_action_) {
      bad_action_ = schedule_.error();
    }
    if (bad_action_) {
      return std::unexpected(*bad_action_);
    }
    quiet_end();
    return result();
  }

 private:
  void schedule_faults() {
    base::Prng jitter(options_.seed ^ 0x6a6974746572);
    for (const FaultAction& action : scenario_.actions) {
      std::int64_t at = action.at.as_milliseconds();
      if (options_.jitter) {
        // Never into the quiet end.
        at = std::min(jitter.between(at / 2, at * 3 / 2), scenario_.run.as_milliseconds() - 1);
      }
      world_.scheduler().schedule(
          base::Instant{} + Duration::milliseconds(at), sim_ports::OwnerId{}, [this, &action] {
            const base::Status done = carry_out(world_, action.words);
            if (!done.has_value() && !bad_action_) {
              bad_action_ = base::Error{
                  done.error().code, "scenario " + scenario_.name + ", line " +
                                         std::to_string(action.line) + ": " + done.error().context};
            }
          });
    }
    if (!scenario_.pairs.kinds.empty()) {
      schedule_pair(world_, scenario_.pairs, options_.seed);
    }
    if (scenario_.topologies.every != Duration{}) {
      internal::schedule_topologies(world_, scenario_.topologies, [this] { return writes_ok(); });
    }
    for (const RandomFaults& faults : scenario_.random) {
      schedule_random_faults(world_, faults);
    }
  }

  void quiet_end() {
    world_.end_faults();
    // Clients go on for a while: writes must finish again (I-L1), then everything comes to rest.
    world_.run_for(Duration::seconds(5));
    const std::uint64_t before = writes_ok();
    world_.run_for(Duration::seconds(3));
    if (!world_.violation() && writes_ok() == before) {
      world_.fail("I-L1: no write was acknowledged after all faults had ended");
    }
    for (const auto& workload : workloads_) {
      workload->stop();
    }
    world_.run_for(Duration::seconds(7));
    for (const auto& workload : workloads_) {
      workload->read_final_state();
    }
    world_.run_for(std::max(Duration::seconds(7), scenario_.quiet - Duration::seconds(22)));
    for (const auto& workload : workloads_) {
      if (!world_.violation() && workload->operations_open() != 0) {
        world_.fail("I-L2: an operation has not ended at the quiet end");
      }
    }
    // The leader may have written an entry of its own just now (sessions end).
    for (int look = 0; look < 20 && !world_.is_level(); ++look) {
      world_.run_for(Duration::milliseconds(50));
    }
    world_.check_quiet_end();
    judge();
  }

  void judge() {
    for (const auto& workload : workloads_) {
      const std::string verdict = world_.violation() ? std::string() : workload->judge();
      if (!verdict.empty()) {
        world_.fail(verdict);
      }
    }
    const std::uint64_t elections = world_.observer().elections() - schedule_.elections_asked_for();
    if (scenario_.elections_max && elections > *scenario_.elections_max) {
      world_.fail("there were " + std::to_string(elections) + " elections that nobody asked for");
    }
    const std::uint64_t resent = world_.observer().resent_bytes();
    if (scenario_.resent_bytes_max && resent > *scenario_.resent_bytes_max) {
      world_.fail(std::to_string(resent) + " bytes of entries were sent again");
    }
    for (const auto& [name, reason] : scenario_.must_refuse) {
      const auto refused = world_.refusals().find(name);
      if (refused == world_.refusals().end()) {
        world_.fail(name + " should have refused to serve, and did not");
      } else if (refused->second.find(reason) == std::string::npos) {
        world_.fail(name + " should have refused with '" + reason + "': " + refused->second);
      }
    }
  }

  [[nodiscard]] std::uint64_t operations_ok() const {
    std::uint64_t sum = 0;
    for (const auto& workload : workloads_) {
      sum += workload->operations_ok();
    }
    return sum;
  }

  [[nodiscard]] std::uint64_t writes_ok() const {
    std::uint64_t sum = 0;
    for (const auto& workload : workloads_) {
      sum += workload->writes_ok();
    }
    return sum;
  }

  // What the nodes' routers counted in the lives that they have now.
  void mark_counters(RunResult& result) {
    for (const std::string& name : world_.names()) {
      if (node::Node* node = world_.machine(name).node(); node != nullptr) {
        const router::RouterCounters counters = node->router()->status().counters;
        if (counters.resends != 0) {
          result.marks["resent"] += counters.resends;
        }
        if (counters.expired_retries != 0) {
          result.marks["session_expired_in_retry"] += counters.expired_retries;
        }
      }
    }
  }

  RunResult result() {
    RunResult result;
    result.violation = world_.violation().value_or(std::string());
    result.trace_hash = world_.scheduler().trace_hash();
    result.steps = world_.scheduler().steps();
    result.operations_ok = operations_ok();
    result.elections = world_.observer().elections();
    result.simulated_seconds = static_cast<double>(world_.now().as_nanoseconds()) / 1e9;
    result.marks = world_.marks();
    if (const std::uint64_t installed = world_.observer().snapshots_installed(); installed != 0) {
      result.marks["snapshot_installed"] = installed;
    }
    mark_counters(result);
    if (recording_) {
      result.record = recording_->finish();
      result.record->scenario = scenario_.name;
      result.record->scenario_title = scenario_.title;
      result.record->seed = options_.seed;
    }
    if (!result.violation.empty()) {
      for (const std::string& name : world_.names()) {
        for (const std::string& line : world_.machine(name).log_lines()) {
          result.log += name + ": " + line + "\n";
        }
      }
    }
    return result;
  }

  const Scenario& scenario_;
  const RunOptions& options_;
  std::optional<Recording> recording_;  // outlives the world
  World world_;
  std::vector<std::unique_ptr<Workload>> workloads_;
  Schedule schedule_;
  std::optional<base::Error> bad_action_;
};

}  // namespace

const protocol::EngineProbe& engine_of(const Scenario& scenario, const RunOptions& options) {
  for (const protocol::EngineProbe* named :
       {options.engine, scenario.engine, options.mutants.planted_in}) {
    if (named != nullptr) {
      return *named;
    }
  }
  return default_engine();
}

base::Result<RunResult> run_scenario(const Scenario& scenario, const RunOptions& options) {
  const protocol::EngineProbe& engine = engine_of(scenario, options);
  const std::string name(engine.name);
  if (const std::string why_not = why_not_under(scenario, engine); !why_not.empty()) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "scenario " + scenario.name + " does not run under " + name + ": " + why_not);
  }
  if (options.mutants.planted_in != nullptr && options.mutants.planted_in != &engine) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "the planted bug is of another engine than " + name);
  }
  return Run(scenario, options).go();
}

}  // namespace ostraka::sim
