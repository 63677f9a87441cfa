#include "lab/protocols/three_phase_commit/three_phase_commit.h"

#include "lab/protocols/atomic_commit/cast.h"
#include "lab/protocols/three_phase_commit/roles.h"

namespace ostraka::lab {
namespace {

using commit::refuse;

Setup make(const RunContext& context) {
  return commit::make_cast<three_phase::Coordinator, three_phase::Participant>(context.parameters);
}

// Votes are sent at 10 ms, pre-commits at 20 ms, commits at 40 ms.
const std::vector<Setting> kEven = even();
const std::vector<Setting> kEvenQuorum = even({{"termination", "quorum"}});
// Only p1 is pre-committed when the coordinator is gone.
const std::vector<std::string_view> kOnePreCommitted{"drop c.p2.pre_commit.1",
                                                     "drop c.p3.pre_commit.1", "crash c at 25ms"};
// The same, but it is not gone: nobody can tell the difference.
const std::vector<std::string_view> kPartition{"partition c,p1|p2,p3 at 21ms until 1500ms"};

std::vector<Scenario> scenarios() {
  return {
      {.name = "all_yes",
       .kind = ScenarioKind::normal,
       .title = "Everyone votes yes: one round trip more than two-phase commit"},
      {.name = "one_no",
       .kind = ScenarioKind::normal,
       .title = "One participant votes no: everyone aborts",
       .inputs = {refuse("p2")}},
      {.name = "coordinator_dies",
       .kind = ScenarioKind::famous_fix,
       .title = "The coordinator dies after the votes, where two-phase commit blocks: p1 takes "
                "over",
       .set = kEven,
       .interventions = {"crash c at 15ms"}},
      {.name = "one_pre_committed",
       .kind = ScenarioKind::famous_fix,
       .title = "It dies when only p1 is pre-committed: p1 takes over and brings the others along",
       .set = kEven,
       .interventions = kOnePreCommitted},
      {.name = "backup_dies",
       .kind = ScenarioKind::normal,
       .title = "The substitute dies as well: the next one finishes",
       .set = kEven,
       .interventions = {"crash c at 15ms", "crash p1 at 315ms"}},
      {.name = "participant_returns",
       .kind = ScenarioKind::normal,
       .title = "A participant dies after its vote and asks for the outcome when it is back",
       .set = kEven,
       .interventions = {"crash p3 at 15ms", "restart p3 at 600ms"}},
      {.name = "time_outs_only",
       .kind = ScenarioKind::famous_failure,
       .title = "Time-outs without a substitute, as it is often told: p1 commits, p2 aborts",
       .set = even({{"termination", "time_outs"}}),
       .interventions = kOnePreCommitted,
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "partition",
       .kind = ScenarioKind::famous_failure,
       .title = "A partition looks like a crash from both sides: one commits, the other aborts",
       .set = kEven,
       .interventions = kPartition,
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "partition_quorum",
       .kind = ScenarioKind::famous_fix,
       .title = "The same partition with quorums: the majority decides, the minority waits",
       .set = kEvenQuorum,
       .interventions = kPartition},
      {.name = "no_quorum",
       .kind = ScenarioKind::famous_failure,
       .title = "The price of quorums: without a majority it blocks, like two-phase commit",
       .set = kEvenQuorum,
       .interventions = {"crash c at 15ms", "crash p1 at 15ms", "crash p2 at 15ms"},
       .expect = {{"termination", Verdict::open}}},
      commit::lossy({{"termination", "quorum"}}),
  };
}

}  // namespace

const Declaration& three_phase_commit() {
  static const Declaration kDeclaration = commit::declare(
      {.name = "three_phase_commit",
       .title = "Three-phase commit",
       .summary = "A phase between vote and commit, so that a crash of the coordinator blocks "
                  "nobody; a partition splits the decision.",
       .assumptions =
           {"Processes crash and come back with what they had on stable storage; none "
            "lies, and not all are down at once.",
            "The network loses nothing, and every message arrives in less than a quarter "
            "of the patience: silence means a crash.",
            "With termination=quorum neither is assumed for safety."},
       .steps = {{"The coordinator asks every participant whether it can commit.",
                  "Skeen 1981, section 5 (figure 4: central site protocol)"},
                 {"A participant that can writes its vote down and votes yes; else it aborts and "
                  "votes no.",
                  "Skeen 1981, section 5"},
                 {"With all votes yes the coordinator sends pre-commit; on a no or a time-out it "
                  "decides to abort.",
                  "Skeen 1981, section 5"},
                 {"A participant that is pre-committed knows that all have voted yes, and "
                  "acknowledges.",
                  "Skeen 1981, section 5"},
                 {"When everyone is pre-committed, or down, the coordinator commits.",
                  "Bernstein, Hadzilacos, Goodman 1987, section 7.5"},
                 {"A participant that hears nothing takes the coordinator's place and asks the "
                  "others for their states.",
                  "Skeen 1981, section 6 (termination protocol)"},
                 {"If one has decided, all decide so; if one is pre-committed, the others are "
                  "pre-committed, then all commit; else all abort.",
                  "Bernstein, Hadzilacos, Goodman 1987, section 7.5 (rules TR1 to TR4)"},
                 {"Who comes back in doubt asks for the outcome.",
                  "Bernstein, Hadzilacos, Goodman 1987, section 7.5"},
                 {"With quorums, commit needs a majority that is pre-committed, abort a majority "
                  "that is pre-aborted; nobody goes from one to the other.",
                  "Skeen 1982, A Quorum-Based Commit Protocol"}},
       .parameters = {commit::participants_parameter(),
                      {"patience", 5, 10'000, 100, "ms",
                       "the coordinator waits so long for answers; p1 takes over after three times "
                       "as long, p2 after six times, …"},
                      {"termination",
                       0,
                       2,
                       1,
                       "",
                       "what a participant does that hears nothing",
                       {"time_outs", "elected", "quorum"}}},
       .defaults = {{"time_limit", "5000"}},
       .scenarios = scenarios(),
       .make = make});
  return kDeclaration;
}

}  // namespace ostraka::lab
