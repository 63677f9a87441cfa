#include "lab/protocols/two_phase_commit/two_phase_commit.h"

#include "lab/protocols/atomic_commit/cast.h"
#include "lab/protocols/two_phase_commit/roles.h"

namespace ostraka::lab {
namespace {

using commit::refuse;

Setup make(const RunContext& context) {
  return commit::make_cast<two_phase::Coordinator, two_phase::Participant>(context.parameters);
}

// Votes are sent at 10 ms, the decision falls at 20 ms.
const std::vector<Setting> kEven = even();
const std::vector<Setting> kEvenCooperative = even({{"termination", "cooperative"}});
// Only p1 hears of the commit before the coordinator is gone.
const std::vector<std::string_view> kOneKnows{"drop c.p2.commit.1", "drop c.p3.commit.1",
                                              "crash c at 25ms"};
const std::vector<std::string_view> kVoterCrashes{"crash p2 at 15ms", "restart p2 at 18ms"};

std::vector<Scenario> scenarios() {
  return {
      {.name = "all_yes",
       .kind = ScenarioKind::normal,
       .title = "Everyone votes yes: prepared, committed, acknowledged, forgotten"},
      {.name = "one_no",
       .kind = ScenarioKind::normal,
       .title = "One participant votes no: everyone aborts, and no log is forced for it",
       .inputs = {refuse("p2")}},
      {.name = "participant_down",
       .kind = ScenarioKind::normal,
       .title = "A participant is down and does not vote: the coordinator gives up and aborts",
       .interventions = {"crash p3 at 1ms", "restart p3 at 500ms"}},
      {.name = "blocked",
       .kind = ScenarioKind::famous_failure,
       .title = "The coordinator dies after the votes: everyone waits, with locks held",
       .set = kEven,
       .interventions = {"crash c at 15ms"},
       .expect = {{"termination", Verdict::open}}},
      {.name = "coordinator_returns",
       .kind = ScenarioKind::famous_fix,
       .title = "It comes back and finds nothing in its log: presumed abort frees everyone",
       .set = kEven,
       .interventions = {"crash c at 15ms", "restart c at 600ms"}},
      {.name = "one_knows",
       .kind = ScenarioKind::famous_failure,
       .title = "The coordinator dies when only p1 knows of the commit: p2 and p3 wait",
       .set = kEven,
       .interventions = kOneKnows,
       .expect = {{"termination", Verdict::open}}},
      {.name = "ask_each_other",
       .kind = ScenarioKind::famous_fix,
       .title = "The same, but who is in doubt asks the other participants too: p1 tells",
       .set = kEvenCooperative,
       .interventions = kOneKnows},
      {.name = "all_in_doubt",
       .kind = ScenarioKind::famous_failure,
       .title = "Asking each other does not help when all are in doubt: still blocked",
       .set = kEvenCooperative,
       .interventions = {"crash c at 15ms"},
       .expect = {{"termination", Verdict::open}}},
      {.name = "unforced_vote",
       .kind = ScenarioKind::famous_failure,
       .title = "A vote that was not forced to the log is forgotten in a crash: split decision",
       .set = even({{"log", "unforced"}}),
       .interventions = kVoterCrashes,
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "forced_vote",
       .kind = ScenarioKind::famous_fix,
       .title = "The same crash with the vote in the log: p2 comes back in doubt and commits",
       .set = kEven,
       .interventions = kVoterCrashes},
      commit::lossy(),
  };
}

}  // namespace

const Declaration& two_phase_commit() {
  static const Declaration kDeclaration = commit::declare(
      {.name = "two_phase_commit",
       .title = "Two-phase commit",
       .summary =
           "All participants of a transaction commit, or all abort; who has voted yes waits.",
       .assumptions = commit::assumptions(
           "Each participant has done its part and can still undo it; one coordinator, which comes "
           "back some time."),
       .steps =
           {{"The coordinator asks every participant to prepare.",
             "Mohan, Lindsay, Obermarck 1986, section 2.1"},
            {"A participant that can commit forces its vote to the log and votes yes; else it "
             "aborts and votes no.",
             "Mohan, Lindsay, Obermarck 1986, section 2.1"},
            {"With all votes yes the coordinator forces commit to its log and tells all; on a "
             "no or a time-out it tells abort, and writes nothing.",
             "Mohan, Lindsay, Obermarck 1986, section 3.1 (presumed abort)"},
            {"A participant does what it is told, and acknowledges a commit when its log has "
             "it.",
             "Mohan, Lindsay, Obermarck 1986, section 2.1"},
            {"With all acknowledgements the coordinator forgets the transaction.",
             "Mohan, Lindsay, Obermarck 1986, section 2.1"},
            {"Who has voted yes and hears nothing asks the coordinator, which answers abort if "
             "it knows of no commit.",
             "Mohan, Lindsay, Obermarck 1986, section 3.1 (presumed abort)"},
            {"It may ask the other participants too: one who knows tells, one who has not "
             "voted aborts; if all are in doubt, nobody can help.",
             "Bernstein, Hadzilacos, Goodman 1987, section 7.4 (cooperative termination)"}},
       .parameters =
           {commit::participants_parameter(),
            {"patience", 5, 10'000, 100, "ms",
             "the coordinator waits so long for votes, a participant in doubt twice as "
             "long before it asks"},
            {"termination", 0, 1, 0, "", "whom one in doubt asks", {"coordinator", "cooperative"}},
            {"log",
             0,
             1,
             0,
             "",
             "whether a vote is durable before it is sent",
             {"forced", "unforced"}}},
       .scenarios = scenarios(),
       .make = make});
  return kDeclaration;
}

}  // namespace ostraka::lab
