// A scenario: what stands, what clients do, which faults come when, what must hold. Composed by a
// text file.
//
//   title One line for people
//   engine raft                      runs under no other; before any step. A schedule that names
//                                    kinds of messages and no engine is of Raft
//   nodes 3                          voters n1 … nN
//   knobs small|normal|seed          seed: small in half of the runs
//   network late_one_in=50 …         options of the simulated network
//   workload registers clients=5     any number of them
//   at 2000 crash leader power       one fault at a time of the run, in ms
//   step await role n1 = leader      the next step of an exact schedule (step.h)
//   repeat K 1 4 … end               the lines between, for each number; $K stands for it
//   each A,B n1,n2 n1,n3 … end       the same, for each of these values of $A and $B
//   spares 1                         nodes behind the voters, which join as learners
//   max_message_bytes 1              of the protocol: payload bytes in one message
//   max_epoch_entries 40             of the protocol: entries of one epoch (ZAB)
//   random 1000 20000 every 700 crash,power,pause,cut     drawn by the seed, from..until, mean
// distance
//   pairs 1500 200 60 crash,cut      two faults in a row; see FaultPairs
//   options session_expiry_ms=1500 next_version=2    of the nodes, see WorldOptions
//   topologies 2000 92000 every 9000 settle 4000          random cuts that leave a majority
//                                    connected: from, until, distance, see Topologies
//   elections_max 1                  more elections than so many fail the run, besides those of
//                                    `elect` steps
//   resent_bytes_max 0               more bytes of entries that leaders sent again fail the run
//   run 25000                        length before the quiet end, in ms
//   quiet 30000                      faults ended; everything must come back
//   refuse n2                        this node may refuse to start
//   expect_refusal n2 TEXT           … and must have done so, with a reason that contains TEXT
//   mark NAME                        a rare path that this scenario must have taken in some run
//   mutant raft:vote_twice 200       a planted bug, and the number of seeds within which it must be
//                                    caught; `200 from 2`: the first of them is 2
// '#' begins a comment. Machines: n1 …, leader, follower, random, all.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "protocol/core/engine_probe.h"
#include "sim/step.h"
#include "sim/workload.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostraka::sim {

struct FaultAction {
  base::Duration at;
  std::vector<std::string> words;  // the fault and its arguments
  std::uint32_t line = 0;
};

struct RandomFaults {
  base::Duration from;
  base::Duration until;
  base::Duration every;
  std::vector<std::string> kinds;
};

// Every ordered pair of kinds at every position: the seed chooses one of them, so that as many
// consecutive seeds as there are cover each exactly once.
struct FaultPairs {
  static constexpr std::uint64_t kPositions = 9;
  base::Duration from;  // position 0
  base::Duration step;  // between positions
  base::Duration gap;   // between the two faults
  std::vector<std::string> kinds;

  [[nodiscard]] std::uint64_t count() const { return kinds.size() * kinds.size() * kPositions; }
};

// At every step, links of a random minority are cut; a majority stays connected. Within `settle` it
// has a leader; until the next step that one stays, no term grows, and writes are acknowledged.
struct Topologies {
  base::Duration from;
  base::Duration until;  // no step begins at or after it
  base::Duration every;  // zero: there are none
  base::Duration settle;
};

struct WorkloadSpec {
  std::string name;
  Parameters parameters;
};

struct MutantSpec {
  std::string name;         // FAMILY:NAME, see mutants.h
  std::uint32_t seeds = 0;  // caught within so many
  std::uint64_t first = 1;  // of which this is the first
};

enum class Knobs : std::uint8_t { normal, small, by_seed };

struct Scenario {
  std::string name;
  std::string title;
  // Null: whatever engine can do what it asks for.
  const protocol::EngineProbe* engine = nullptr;
  protocol::Capabilities needs;
  std::uint32_t nodes = 3;
  Knobs knobs = Knobs::by_seed;
  Parameters network;
  std::vector<WorkloadSpec> workloads;
  std::vector<FaultAction> actions;
  std::vector<Step> steps;
  std::uint32_t spares = 0;
  std::uint32_t max_message_bytes = 0;
  std::uint64_t max_epoch_entries = 0;
  std::vector<RandomFaults> random;
  FaultPairs pairs;
  Topologies topologies;
  Parameters options;
  std::optional<std::uint64_t> elections_max;
  std::optional<std::uint64_t> resent_bytes_max;
  base::Duration run = base::Duration::seconds(20);
  base::Duration quiet = base::Duration::seconds(30);
  std::vector<std::string> may_refuse;
  std::vector<std::pair<std::string, std::string>> must_refuse;  // node, part of its reason
  std::vector<std::string> marks;
  std::vector<MutantSpec> mutants;
};

// Errors: invalid_argument with the line number and what is wrong.
[[nodiscard]] base::Result<Scenario> parse_scenario(const std::string& name, std::string_view text);

// Why the scenario does not run under this engine; empty when it does.
[[nodiscard]] std::string why_not_under(const Scenario& scenario,
                                        const protocol::EngineProbe& engine);

// The scenarios that come with the program: name and text, sorted by name.
[[nodiscard]] const std::vector<std::pair<std::string, std::string_view>>& builtin_scenarios();

}  // namespace ostraka::sim
