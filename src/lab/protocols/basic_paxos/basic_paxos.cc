#include "lab/protocols/basic_paxos/basic_paxos.h"

#include "lab/protocols/basic_paxos/roles.h"
#include "lab/protocols/one_value/properties.h"

namespace ostraka::lab {
namespace {

using one_value::propose;
using paxos::Cast;

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  const Cast cast(parameters);
  Setup setup;
  add_processes<paxos::Proposer>(setup, "p", "proposer", cast.proposers, parameters);
  add_processes<paxos::Acceptor>(setup, "a", "acceptor", cast.acceptors, parameters);
  add_processes<paxos::Learner>(setup, "l", "learner", cast.learners, parameters);
  return setup;
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const Cast cast(context.parameters);
  one_value::check(context, record, judge, [&cast](std::int64_t) { return cast.majority(); });
}

// The example of the lecture: the number is what a proposer bribes with, 1 and 2 the offers.
const std::vector<Setting> kExample = even({{"learners", "0"}, {"patience", "150"}});
const std::vector<Setting> kDuel = even({{"patience", "30"}, {"back_off", "none"}});
const std::vector<Setting> kBackOff = even({{"patience", "30"}, {"back_off", "random"}});
// a2 is back with or without its memory when p2 asks a2 and a3.
const std::vector<std::string_view> kForgetful{"crash a2 at 100ms", "restart a2 at 150ms",
                                               "drop p2.a1.prepare.1", "drop p2.a1.accept.1",
                                               "drop p1.a3.accept.1"};

std::vector<Scenario> scenarios() {
  return {
      {.name = "one_proposer",
       .kind = ScenarioKind::normal,
       .title = "One proposer, nothing fails: two round trips",
       .inputs = {propose(0, "p1", "blue")}},
      {.name = "worked_example",
       .kind = ScenarioKind::normal,
       .title = "Two proposers, three acceptors, offers 1 and 2: the richer one takes over the "
                "poorer one's value",
       .set = kExample,
       .inputs = {propose(0, "p1", "v1"), propose(31, "p2", "v2")},
       .interventions = {"delay p1.a2.accept.1 30ms", "delay p1.a3.accept.1 30ms",
                         "drop p2.a3.prepare.1", "delay a1.p2.promise.1 30ms",
                         "delay a2.p2.promise.1 30ms", "drop p2.a3.accept.1"}},
      {.name = "worked_example_turned",
       .kind = ScenarioKind::normal,
       .title = "The same, but offer 2 reaches acceptors 2 and 3 first: now its own value wins",
       .set = kExample,
       .inputs = {propose(0, "p1", "v1"), propose(31, "p2", "v2")},
       .interventions = {"delay p1.a2.accept.1 30ms", "delay p1.a3.accept.1 30ms",
                         "drop p2.a1.prepare.1", "drop p2.a1.accept.1"}},
      {.name = "acceptor_down",
       .kind = ScenarioKind::normal,
       .title = "One acceptor of three is down: the other two are a majority",
       .inputs = {propose(0, "p1", "blue")},
       .interventions = {"crash a3 at 5ms"}},
      {.name = "proposer_down",
       .kind = ScenarioKind::normal,
       .title = "The proposer dies when one acceptor has its value: the next one finishes it",
       .set = even(),
       .inputs = {propose(0, "p1", "blue"), propose(100, "p2", "red")},
       .interventions = {"drop p1.a2.accept.1", "drop p1.a3.accept.1", "crash p1 at 25ms"}},
      {.name = "duel",
       .kind = ScenarioKind::famous_failure,
       .title = "Two impatient proposers overtake each other for ever: no decision",
       .set = kDuel,
       .inputs = {propose(0, "p1", "blue"), propose(15, "p2", "red")},
       .expect = {{"termination", Verdict::open}}},
      {.name = "duel_back_off",
       .kind = ScenarioKind::famous_fix,
       .title = "The same duel, each waits a random time before it tries again",
       .set = kBackOff,
       .inputs = {propose(0, "p1", "blue"), propose(15, "p2", "red")}},
      {.name = "no_majority",
       .kind = ScenarioKind::famous_failure,
       .title = "Two of three acceptors are down: nothing is decided, and nothing wrong either",
       .inputs = {propose(0, "p1", "blue")},
       .interventions = {"crash a2 at 5ms", "crash a3 at 5ms"},
       .expect = {{"termination", Verdict::open}}},
      {.name = "forgetful_acceptor",
       .kind = ScenarioKind::famous_failure,
       .title = "An acceptor forgets in a crash what it accepted: two values are chosen",
       .set = {{"memory", "volatile"}},
       .inputs = {propose(0, "p1", "blue"), propose(200, "p2", "red")},
       .interventions = kForgetful,
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "stable_acceptor",
       .kind = ScenarioKind::famous_fix,
       .title = "The same crash, but promises and acceptances are on stable storage",
       .inputs = {propose(0, "p1", "blue"), propose(200, "p2", "red")},
       .interventions = kForgetful},
  };
}

}  // namespace

const Declaration& basic_paxos() {
  static const Declaration kDeclaration{
      .name = "basic_paxos",
      .title = "Basic Paxos",
      .family = "agreement",
      .summary = "A majority of acceptors chooses one value, whatever fails meanwhile.",
      .assumptions = one_value::assumptions(),
      .steps = {{"A proposer takes a number that is higher than all it knows and sends prepare to "
                 "the acceptors.",
                 "Paxos Made Simple, section 2.2, phase 1 (a)"},
                {"An acceptor that has promised no higher number promises to accept nothing lower, "
                 "and tells the proposal with the highest number that it has accepted.",
                 "Paxos Made Simple, section 2.2, phase 1 (b)"},
                {"With promises of a majority the proposer sends accept with the value of the "
                 "highest proposal among them, or its own if there is none.",
                 "Paxos Made Simple, section 2.2, phase 2 (a)"},
                {"An acceptor accepts unless it has promised a higher number.",
                 "Paxos Made Simple, section 2.2, phase 2 (b)"},
                {"A value that a majority accepted with one number is chosen; proposers and "
                 "learners hear of it from the acceptors.",
                 "Paxos Made Simple, section 2.3"},
                {"A proposer without a decision begins again with a higher number, after a random "
                 "time.",
                 "Paxos Made Simple, section 2.4"}},
      .parameters = {{"proposers", 1, 5, 2, "", "processes p1, p2, …"},
                     {"acceptors", 1, 9, 3, "", "processes a1, a2, …"},
                     {"learners", 0, 3, 1, "", "processes l1, l2, …"},
                     {"patience", 5, 10'000, 150, "ms", "a proposer tries again after so long"},
                     {"back_off", 0, 1, 1, "", "added to patience", {"none", "random"}},
                     {"back_off_max", 1, 10'000, 200, "ms", "the longest random addition"},
                     {"memory", 0, 1, 0, "", "of the acceptors", {"stable", "volatile"}}},
      .properties = one_value::properties(),
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
