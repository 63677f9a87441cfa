#include "cli/sim_command.h"

#include "cli/commands.h"
#include "cli/internal/files.h"
#include "cli/internal/numbers.h"
#include "protocol/engines/engines.h"
#include "sim/engines.h"
#include "sim/runner.h"
#include "sim/scenario.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

namespace ostraka::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Totals {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;
  double simulated = 0;
  std::map<std::string, std::uint64_t> marks;
};

// Whether most of what happens in a run is drawn by its seed.
bool is_random(const sim::Scenario& scenario) {
  return !scenario.random.empty() || scenario.topologies.every != base::Duration{};
}

base::Result<std::vector<sim::Scenario>> load_scenarios(const std::string& wanted) {
  std::vector<sim::Scenario> scenarios;
  for (const auto& [name, text] : sim::builtin_scenarios()) {
    if (wanted == "all" || wanted == "random" || wanted == name) {
      OSTRAKA_ASSIGN(sim::Scenario scenario, sim::parse_scenario(name, text));
      if (wanted != "random" || is_random(scenario)) {
        scenarios.push_back(std::move(scenario));
      }
    }
  }
  if (scenarios.empty()) {
    std::ifstream file(wanted);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
      return base::fail(base::ErrorCode::not_found,
                        "'" + wanted + "' is neither a built-in scenario (see --list) nor a file");
    }
    OSTRAKA_ASSIGN(sim::Scenario scenario, sim::parse_scenario(wanted, text.str()));
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Such a --trace is a picture of one run, not lines.
bool is_record(const std::string& file) {
  const auto ends = [&file](const char* ending) { return file.ends_with(ending); };
  return ends(".json") || ends(".html") || ends(".svg") || ends(".ndjson");
}

sim::Recording::Window window_of(const SimArguments& arguments) {
  const auto at = [](double ms) -> std::optional<base::Instant> {
    if (ms < 0) {
      return std::nullopt;
    }
    return base::Instant() + base::Duration::microseconds(static_cast<std::int64_t>(ms * 1000));
  };
  return {.from = at(arguments.from), .until = at(arguments.until)};
}

// What the options ask for together that cannot be.
std::string contradiction(const SimArguments& arguments) {
  if (!is_record(arguments.trace_file)) {
    return arguments.from >= 0 || arguments.until >= 0
               ? "--from and --to choose a part of --trace FILE.json (or .html, .svg, .ndjson)"
               : "";
  }
  if (arguments.mutants) {
    return "--mutants runs many bugs; a record is of one: --mutant NAME";
  }
  if (arguments.jobs > 1) {
    return "--jobs: a record is of one run, and several processes would write it";
  }
  if (arguments.until >= 0 && arguments.from > arguments.until) {
    return "--from is behind --to";
  }
  return "";
}

class Campaign {
 public:
  explicit Campaign(const SimArguments& arguments) : arguments_(arguments) {}

  int run(const std::vector<sim::Scenario>& scenarios) {
    for (std::uint32_t i = 0; i < arguments_.runs; ++i) {
      for (const sim::Scenario& scenario : scenarios) {
        if (arguments_.seconds > 0 && since(start_) > arguments_.seconds) {
          return finish(scenarios);
        }
        if (is_skipped(scenario)) {
          continue;
        }
        const int bad = arguments_.mutants ? hunt(scenario) : one(scenario, arguments_.seed + i);
        if (bad != 0) {
          return bad;
        }
      }
      if (arguments_.mutants) {
        break;
      }
    }
    return finish(scenarios);
  }

 private:
  // The engine asked for cannot run it: said once.
  bool is_skipped(const sim::Scenario& scenario) {
    if (engine_ == nullptr) {
      return false;
    }
    const std::string reason = sim::why_not_under(scenario, *engine_);
    if (!reason.empty() && skipped_.insert(scenario.name).second) {
      ++totals_.skipped;
      if (!arguments_.json) {
        std::printf("skipped  %-18s %s\n", scenario.name.c_str(), reason.c_str());
      }
    }
    return !reason.empty();
  }

  int finish(const std::vector<sim::Scenario>& scenarios) {
    // A handful of runs does not reach every rare path.
    const bool campaign = totals_.passed >= 20 * scenarios.size();
    if (campaign && !arguments_.mutants && arguments_.mutant.empty()) {
      check_marks(scenarios);
    }
    summary();
    return totals_.failed == 0 ? 0 : 1;
  }

  // One run. With a planted bug it is good when the bug was caught.
  int one(const sim::Scenario& scenario, std::uint64_t seed) {
    sim::RunOptions options;
    options.seed = seed;
    options.jitter = seed != 1;
    options.engine = engine_;
    if (!arguments_.mutant.empty()) {
      const base::Result<sim::Mutants> mutant = sim::parse_mutant(arguments_.mutant);
      if (!mutant.has_value()) {
        complain("sim: " + mutant.error().context);
        return kExitUsage;
      }
      options.mutants = *mutant;
    }
    std::ofstream trace;
    if (is_record(arguments_.trace_file)) {
      options.window = window_of(arguments_);
    } else if (!arguments_.trace_file.empty()) {
      trace.open(arguments_.trace_file, std::ios::app);
      trace << "scenario " << scenario.name << " seed " << seed << "\n";
      options.trace = [&trace](const std::string& line) { trace << line << "\n"; };
    }
    const base::Result<sim::RunResult> result = sim::run_scenario(scenario, options);
    if (!result.has_value()) {
      complain("sim: " + result.error().context);
      return kExitUsage;
    }
    totals_.simulated += result->simulated_seconds;
    for (const auto& [mark, count] : result->marks) {
      totals_.marks[mark] += count;
    }
    (result->violation.empty() ? totals_.passed : totals_.failed) += 1;
    if (trace.is_open()) {
      trace << result->log;
    }
    print(scenario, seed, *result);
    return result->record.has_value() ? keep(scenario, seed, *result) : 0;
  }

  // The record of the first run that fails, else of the last one.
  int keep(const sim::Scenario& scenario, std::uint64_t seed, const sim::RunResult& result) {
    if (has_kept_failure_) {
      return 0;
    }
    has_kept_failure_ = !result.violation.empty();
    lab::Record record = *result.record;
    record.command = repeat(scenario, seed);
    return write_record(record, arguments_.trace_file, "--trace");
  }

  std::string repeat(const sim::Scenario& scenario, std::uint64_t seed) const {
    return "ostraka sim --scenario " + scenario.name + " --seed " + std::to_string(seed) +
           (arguments_.engine.empty() ? "" : " --engine " + arguments_.engine) +
           (arguments_.mutant.empty() ? "" : " --mutant " + arguments_.mutant);
  }

  // Every mutant of the scenario, seed by seed until it is caught.
  int hunt(const sim::Scenario& scenario) {
    for (const sim::MutantSpec& spec : scenario.mutants) {
      const base::Result<sim::Mutants> mutant = sim::parse_mutant(spec.name);
      if (!mutant.has_value()) {
        complain("sim: scenario " + scenario.name + ": " + mutant.error().context);
        return kExitUsage;
      }
      if (engine_ != nullptr && mutant->planted_in != nullptr && mutant->planted_in != engine_) {
        continue;
      }
      std::optional<std::uint64_t> caught;
      std::string violation;
      const std::uint64_t first = std::max(arguments_.seed, spec.first);
      for (std::uint64_t seed = first; seed < first + spec.seeds && !caught; ++seed) {
        sim::RunOptions options{
            .seed = seed, .jitter = seed != 1, .mutants = *mutant, .engine = engine_};
        const base::Result<sim::RunResult> result = sim::run_scenario(scenario, options);
        if (result.has_value()) {
          totals_.simulated += result->simulated_seconds;
          if (!result->violation.empty()) {
            caught = seed;
            violation = result->violation.substr(0, result->violation.find('\n'));
          }
        }
      }
      (caught ? totals_.passed : totals_.failed) += 1;
      if (caught) {
        std::printf("caught   %-18s %-40s at seed %llu of %u: %s\n", scenario.name.c_str(),
                    spec.name.c_str(), static_cast<unsigned long long>(*caught), spec.seeds,
                    violation.c_str());
      } else {
        std::printf("MISSED   %-18s %-40s in %u seeds\n", scenario.name.c_str(), spec.name.c_str(),
                    spec.seeds);
      }
      std::fflush(stdout);
    }
    return 0;
  }

  void print(const sim::Scenario& scenario, std::uint64_t seed, const sim::RunResult& result) {
    char hash[20];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(result.trace_hash));
    if (arguments_.json) {
      const nlohmann::json line{{"scenario", scenario.name},
                                {"seed", seed},
                                {"ok", result.violation.empty()},
                                {"violation", result.violation},
                                {"trace_hash", hash},
                                {"steps", result.steps},
                                {"operations", result.operations_ok},
                                {"elections", result.elections},
                                {"simulated_seconds", result.simulated_seconds},
                                {"marks", result.marks}};
      std::printf("%s\n", line.dump().c_str());
    } else {
      std::printf("%-8s %-18s seed %-6llu trace %s  %llu steps, %llu operations, %llu elections\n",
                  result.violation.empty() ? "ok" : "FAILED", scenario.name.c_str(),
                  static_cast<unsigned long long>(seed), hash,
                  static_cast<unsigned long long>(result.steps),
                  static_cast<unsigned long long>(result.operations_ok),
                  static_cast<unsigned long long>(result.elections));
      if (!result.violation.empty()) {
        std::printf("  %s\n  repeat: %s\n", result.violation.c_str(),
                    repeat(scenario, seed).c_str());
      }
    }
    std::fflush(stdout);
  }

  void check_marks(const std::vector<sim::Scenario>& scenarios) {
    for (const sim::Scenario& scenario : scenarios) {
      if (skipped_.contains(scenario.name)) {
        continue;
      }
      for (const std::string& mark : scenario.marks) {
        if (!totals_.marks.contains(mark)) {
          ++totals_.failed;
          std::printf("FAILED   %s never took the path '%s'\n", scenario.name.c_str(),
                      mark.c_str());
        }
      }
    }
  }

  // Scenarios with `pairs`: how much of the enumeration these runs covered.
  void print_pairs() {
    std::set<std::string> pairs;
    std::size_t positions = 0;
    for (const auto& [mark, count] : totals_.marks) {
      if (mark.starts_with("pair ")) {
        ++positions;
        pairs.insert(mark.substr(0, mark.find(" at ")));
      }
    }
    if (positions != 0) {
      std::printf("%zu ordered pairs of faults, %zu pairs with their position\n", pairs.size(),
                  positions);
    }
  }

  void summary() {
    if (arguments_.json) {
      return;
    }
    print_pairs();
    timespec cpu{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    const double cpu_seconds =
        static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9;
    std::printf("%.0f simulated seconds, %.0f for each CPU second\n", totals_.simulated,
                totals_.simulated / std::max(cpu_seconds, 1e-9));
    std::printf("%llu passed, %llu failed, %llu skipped\n",
                static_cast<unsigned long long>(totals_.passed),
                static_cast<unsigned long long>(totals_.failed),
                static_cast<unsigned long long>(totals_.skipped));
  }

  const SimArguments& arguments_;
  const protocol::EngineProbe* const engine_ = sim::engine_named(arguments_.engine);
  std::set<std::string> skipped_;
  Clock::time_point start_ = Clock::now();
  Totals totals_;
  bool has_kept_failure_ = false;
};

// Several processes, each with its share of the seeds: a run has one thread.
int run_jobs(const SimArguments& arguments, const std::vector<sim::Scenario>& scenarios) {
  std::vector<pid_t> children;
  const std::uint32_t share = (arguments.runs + arguments.jobs - 1) / arguments.jobs;
  for (std::uint32_t job = 0; job < arguments.jobs && job * share < arguments.runs; ++job) {
    SimArguments part = arguments;
    part.seed = arguments.seed + std::uint64_t{job} * share;
    part.runs = std::min(share, arguments.runs - job * share);
    const pid_t child = ::fork();
    if (child == 0) {
      const int code = Campaign(part).run(scenarios);
      std::fflush(stdout);
      ::_exit(code);
    }
    children.push_back(child);
  }
  int worst = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  return worst;
}

}  // namespace

int run_sim(SimArguments arguments) {
  if (arguments.runs == 0) {
    arguments.runs = arguments.seconds > 0 ? 1'000'000 : 1;
  }
  if (!arguments.engine.empty() && sim::engine_named(arguments.engine) == nullptr) {
    complain("sim: there is no engine '" + arguments.engine +
             "'; there are: " + protocol::engine_names());
    return kExitUsage;
  }
  const base::Result<std::vector<sim::Scenario>> scenarios = load_scenarios(arguments.scenario);
  if (!scenarios.has_value()) {
    complain("sim: " + scenarios.error().context);
    return kExitUsage;
  }
  if (const std::string wrong = contradiction(arguments); !wrong.empty()) {
    complain("sim: " + wrong);
    return kExitUsage;
  }
  if (arguments.list) {
    for (const sim::Scenario& scenario : *scenarios) {
      std::printf("%-18s %s%s\n", scenario.name.c_str(), scenario.title.c_str(),
                  scenario.engine == nullptr
                      ? ""
                      : (" [" + std::string(scenario.engine->name) + "]").c_str());
      for (const sim::MutantSpec& mutant : scenario.mutants) {
        std::printf("    mutant %s, caught within %u seeds from %llu on\n", mutant.name.c_str(),
                    mutant.seeds, static_cast<unsigned long long>(mutant.first));
      }
    }
    return 0;
  }
  if (arguments.jobs > 1 && arguments.runs > 1 && !arguments.mutants) {
    return run_jobs(arguments, *scenarios);
  }
  return Campaign(arguments).run(*scenarios);
}

namespace {

class SimCommand final : public Command {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* app = root.add_subcommand("sim", "Run whole clusters in the deterministic simulator");
    app->add_option("--scenario", arguments_.scenario,
                    "A file, a built-in name, all, or random: those whose faults the seed draws")
        ->capture_default_str();
    app->add_option("--engine", arguments_.engine,
                    "Run under this replication engine (" + protocol::engine_names() +
                        ") what can run under it");
    app->add_option("--seed", arguments_.seed, "The first seed")
        ->check(zero_or_more())
        ->capture_default_str();
    app->add_option("--runs", arguments_.runs, "Seeds from there on, for each scenario")
        ->check(above_zero())
        ->capture_default_str();
    app->add_option("--jobs", arguments_.jobs, "Processes, 1 to 256")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app->add_option("--mutant", arguments_.mutant,
                    "Plant this bug (raft:NAME, wal:NAME, kv:NAME, …)");
    app->add_flag("--mutants", arguments_.mutants,
                  "Plant each bug that the scenarios name; every one must be caught");
    app->add_option(
        "--trace", arguments_.trace_file,
        "Append one line an event: microseconds, owner, what; with the nodes' logs of a failure. "
        "FILE.json, .html, .svg, .ndjson: the first run that fails, else the last one, as the "
        "laboratory draws it ('ostraka lab serve' opens the .json)");
    app->add_option("--from", arguments_.from,
                    "A drawn run begins here, in ms; without it 2000 ms before its end")
        ->check(zero_or_more());
    app->add_option("--to", arguments_.until, "A drawn run ends here, in ms")
        ->check(zero_or_more());
    app->add_option("--seconds", arguments_.seconds, "Start no run after so much time")
        ->check(zero_or_more());
    app->add_flag("--list", arguments_.list, "List the built-in scenarios");
    app->add_flag("--json", arguments_.json, "One JSON object a run");
    app->footer(
        "A run is fixed by (program, seed, scenario): the same three give the same trace hash. "
        "Seed 1 "
        "runs the schedule as written, others jitter it.\n"
        "Examples:\n"
        "  ostraka sim --list\n"
        "  ostraka sim --scenario all --seed 1\n"
        "  ostraka sim --scenario storm --seed 100 --runs 200 --jobs 2\n"
        "  ostraka sim --scenario storm --mutants\n"
        "  ostraka sim --scenario s1_old_term --mutant raft:commit_any_term --trace run.html\n"
        "Exit codes: 0 everything held (with --mutants: every planted bug was caught), 1 a "
        "violation, "
        "2 usage.");
    return app;
  }
  int run() override { return run_sim(arguments_); }

 private:
  SimArguments arguments_;
};

}  // namespace

std::unique_ptr<Command> make_sim_command() { return std::make_unique<SimCommand>(); }

}  // namespace ostraka::cli
