#include "lab/protocols/paxos_commit/paxos_commit.h"

#include "lab/protocols/atomic_commit/cast.h"
#include "lab/protocols/paxos_commit/roles.h"

#include <fmt/format.h>

namespace ostraka::lab {
namespace {

using commit::refuse;

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  const paxos_tx::Cast cast(parameters);
  Setup setup = commit::make_cast<paxos_tx::Leader, paxos_tx::Participant>(context.parameters);
  for (std::int64_t i = 2; i <= cast.leaders; ++i) {
    add_process<paxos_tx::Leader>(setup, fmt::format("c{}", i), "leader", parameters);
  }
  add_processes<paxos_tx::Acceptor>(setup, "a", "acceptor", 2 * cast.f + 1, parameters);
  return setup;
}

// Votes are sent at 10 ms, accepted at 20 ms, the decision falls at 30 ms.
const std::vector<Setting> kEven = even();
// a3 hears no vote; c tells p1 of the commit and is gone; then a1 and a2 crash and come back.
const std::vector<std::string_view> kAcceptorsCrash{
    "drop p1.a3.vote.1",  "drop p2.a3.vote.1", "drop p3.a3.vote.1", "drop c.p2.commit.1",
    "drop c.p3.commit.1", "crash c at 35ms",   "crash a1 at 50ms",  "restart a1 at 60ms",
    "crash a2 at 50ms",   "restart a2 at 60ms"};

std::vector<Scenario> scenarios() {
  return {
      {.name = "all_yes",
       .kind = ScenarioKind::normal,
       .title = "Everyone votes yes: the votes go to the acceptors, a majority of which decides"},
      {.name = "one_no",
       .kind = ScenarioKind::normal,
       .title = "One participant votes no: everyone aborts",
       .inputs = {refuse("p2")}},
      {.name = "leader_dies",
       .kind = ScenarioKind::famous_fix,
       .title = "The leader dies after the votes, where two-phase commit blocks: c2 finishes",
       .set = kEven,
       .interventions = {"crash c at 15ms"}},
      {.name = "one_knows",
       .kind = ScenarioKind::famous_fix,
       .title = "It dies when only p1 knows of the commit: c2 finds the same",
       .set = kEven,
       .interventions = {"drop c.p2.commit.1", "drop c.p3.commit.1", "crash c at 35ms"}},
      {.name = "participant_down",
       .kind = ScenarioKind::normal,
       .title = "A participant is down and does not vote: the leader proposes that it is aborted",
       .interventions = {"crash p3 at 1ms", "restart p3 at 900ms"}},
      {.name = "late_vote",
       .kind = ScenarioKind::normal,
       .title = "A yes comes to acceptors that have promised a ballot which says aborted: too late",
       .set = kEven,
       .interventions = {"delay p3.a1.vote.1 205ms", "delay p3.a2.vote.1 205ms",
                         "delay p3.a3.vote.1 205ms", "partition c,p1|p2,p3 at 232ms until 400ms"}},
      {.name = "f_acceptors_die",
       .kind = ScenarioKind::normal,
       .title = "F of the 2F + 1 acceptors die: nobody has to wait for that",
       .set = even({{"f", "2"}}),
       .interventions = {"crash a4 at 15ms", "crash a5 at 15ms"}},
      {.name = "too_many_die",
       .kind = ScenarioKind::famous_failure,
       .title = "F + 1 acceptors die: nothing is decided, and nothing wrong either",
       .set = kEven,
       .interventions = {"crash a2 at 15ms", "crash a3 at 15ms"},
       .expect = {{"termination", Verdict::open}}},
      {.name = "they_return",
       .kind = ScenarioKind::famous_fix,
       .title = "One of them comes back with what it had on disk, and the leader goes on",
       .set = kEven,
       .interventions = {"crash a2 at 15ms", "crash a3 at 15ms", "restart a3 at 600ms"}},
      {.name = "f_is_zero",
       .kind = ScenarioKind::famous_failure,
       .title = "With F = 0 it is two-phase commit, the acceptor being the coordinator's log: it "
                "dies, and everyone waits",
       .set = even({{"f", "0"}, {"leaders", "1"}}),
       .interventions = {"crash a1 at 15ms", "crash c at 15ms"},
       .expect = {{"termination", Verdict::open}}},
      {.name = "forgetful_acceptors",
       .kind = ScenarioKind::famous_failure,
       .title = "Acceptors forget in a crash what they accepted: p1 has committed, the rest abort",
       .set = even({{"memory", "volatile"}}),
       .interventions = kAcceptorsCrash,
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "stable_acceptors",
       .kind = ScenarioKind::famous_fix,
       .title = "The same crashes, but what acceptors accept is on stable storage",
       .set = kEven,
       .interventions = kAcceptorsCrash},
      commit::lossy(),
  };
}

}  // namespace

const Declaration& paxos_commit() {
  static const Declaration kDeclaration = commit::declare(
      {.name = "paxos_commit",
       .title = "Paxos Commit",
       .summary = "Two-phase commit whose votes are kept by 2F + 1 acceptors: it bears F of them, "
                  "and any coordinator, being down.",
       .assumptions = commit::assumptions(
           "Each participant has done its part and can still undo it. No bound on time is needed "
           "for safety; for a decision, F + 1 acceptors and a leader that are up."),
       .steps =
           {{"The leader asks every participant to prepare.", "Gray, Lamport 2006, section 4.2"},
            {"A participant that can commit writes that down and tells all acceptors that it "
             "is prepared; else it aborts and tells them so: phase 2a of ballot 0 of its own "
             "instance of Paxos.",
             "Gray, Lamport 2006, section 4.2"},
            {"An acceptor writes down what it accepts, unless it has promised a higher ballot, "
             "and tells the leader of all instances in one message.",
             "Gray, Lamport 2006, sections 4.2 and 4.3 (bundled phase 2b)"},
            {"What F + 1 acceptors have accepted at one ballot is chosen; with prepared chosen "
             "for all the leader commits, with aborted for one it aborts, and tells all.",
             "Gray, Lamport 2006, section 4.2"},
            {"A participant does what it is told.", "Gray, Lamport 2006, section 4.2"},
            {"Who has voted yes and hears nothing asks the leaders, one after the other.",
             "docs/lab/paxos_commit.md"},
            {"A leader without a decision takes a ballot of its own and asks the acceptors for "
             "promises and for what they have accepted.",
             "Gray, Lamport 2006, section 4.2 (phase 1)"},
            {"With F + 1 promises it proposes for each participant what was accepted at the "
             "highest ballot, and aborted where nothing was.",
             "Gray, Lamport 2006, section 4.2 (phase 2a)"}},
       .parameters =
           {commit::participants_parameter(),
            {"f", 0, 3, 1, "", "acceptors that may be down, of 2 f + 1: a1, a2, …"},
            {"leaders", 1, 3, 2, "", "c, c2, …"},
            {"patience", 5, 10'000, 100, "ms",
             "a leader waits twice as long for votes and promises, a participant in doubt "
             "three times before it asks"},
            {"memory", 0, 1, 0, "", "of the acceptors", {"stable", "volatile"}}},
       .scenarios = scenarios(),
       .make = make});
  return kDeclaration;
}

}  // namespace ostraka::lab
