#include "lab/protocols/fast_paxos/fast_paxos.h"

#include "lab/protocols/fast_paxos/roles.h"
#include "lab/protocols/one_value/properties.h"

#include <fmt/format.h>

namespace ostraka::lab {
namespace {

using fast::Cast;
using one_value::propose;

// Quorums that nobody could ever form. Those that are too small are there to be tried.
base::Status validate(const Parameters& parameters) {
  for (const char* name : {"f", "e"}) {
    if (parameters[name] >= parameters["acceptors"]) {
      return base::fail(base::ErrorCode::invalid_argument,
                        fmt::format("{} is {}, but with {} acceptors it must be from 0 to {}: a "
                                    "quorum is the acceptors without so many",
                                    name, parameters[name], parameters["acceptors"],
                                    parameters["acceptors"] - 1));
    }
  }
  return {};
}

Setup make(const RunContext& context) {
  const Cast cast(context.parameters);
  Setup setup;
  add_processes<fast::Proposer>(setup, "p", "proposer", cast.proposers, context.parameters);
  add_processes<fast::Coordinator>(setup, "c", "coordinator", cast.coordinators,
                                   context.parameters);
  add_processes<fast::Acceptor>(setup, "a", "acceptor", cast.acceptors, context.parameters);
  return setup;
}

void check(const RunContext& context, const Record& record, Judge& judge) {
  const Cast cast(context.parameters);
  one_value::check(context, record, judge,
                   [&cast](std::int64_t round) { return cast.quorum(round); });
}

// The first round is open at 30 ms.
std::vector<Operation> one_value_wanted() { return {propose(100, "p1", "blue")}; }
std::vector<Operation> two_values_wanted() {
  return {propose(100, "p1", "blue"), propose(100, "p2", "red")};
}

// Blue comes to a1 and a2 first, red to a3 and a4.
std::vector<std::string_view> halves(std::vector<std::string_view> more = {}) {
  more.insert(more.begin(), {"delay p1.a3.propose.1 5ms", "delay p1.a4.propose.1 5ms"});
  return more;
}

// Of five acceptors three have voted for blue, two of which the coordinator does not hear; p1 does.
std::vector<std::string_view> unheard_majority() {
  return {"delay p1.a4.propose.1 5ms", "delay p1.a5.propose.1 5ms", "drop a1.c1.accepted.1",
          "drop a2.c1.accepted.1",     "drop c1.a1.prepare.2",      "drop c1.a2.prepare.2"};
}

std::vector<Scenario> round_scenarios() {
  return {
      {.name = "fast_round",
       .kind = ScenarioKind::normal,
       .title = "Nobody competes: two message delays from the client's value to the decision",
       .set = even(),
       .inputs = one_value_wanted()},
      {.name = "acceptor_down",
       .kind = ScenarioKind::normal,
       .title = "One acceptor of four is down: three are a fast quorum",
       .set = even(),
       .inputs = one_value_wanted(),
       .interventions = {"crash a4 at 50ms"}},
      {.name = "fall_back",
       .kind = ScenarioKind::famous_fix,
       .title = "Two of five are down: no fast quorum is left, and a classic round decides",
       .set = even({{"acceptors", "5"}, {"f", "2"}}),
       .inputs = one_value_wanted(),
       .interventions = {"crash a4 at 50ms", "crash a5 at 50ms"}},
      {.name = "no_quorum",
       .kind = ScenarioKind::famous_failure,
       .title = "Two of four are down: not even a classic quorum is left, nothing is decided",
       .set = even(),
       .inputs = one_value_wanted(),
       .interventions = {"crash a3 at 50ms", "crash a4 at 50ms"},
       .expect = {{"termination", Verdict::open}}},
      {.name = "lossy",
       .kind = ScenarioKind::normal,
       .title = "A tenth of the messages is lost, two values compete: slower, and still one value",
       .set = {{"loss", "10"}, {"duplicate", "10"}, {"time_limit", "30000"}},
       .inputs = two_values_wanted()},
  };
}

std::vector<Scenario> collision_scenarios() {
  return {
      {.name = "collision",
       .kind = ScenarioKind::famous_fix,
       .title = "Two values collide: the coordinator takes the votes for promises and decides",
       .set = even(),
       .inputs = two_values_wanted(),
       .interventions = halves()},
      {.name = "collision_start_over",
       .kind = ScenarioKind::normal,
       .title = "The same with a whole new round: two message delays more",
       .set = even({{"recovery", "start_over"}}),
       .inputs = two_values_wanted(),
       .interventions = halves()},
      {.name = "collision_stuck",
       .kind = ScenarioKind::famous_failure,
       .title = "They collide when the coordinator is dead: nobody can win, nobody decides",
       .set = even(),
       .inputs = two_values_wanted(),
       .interventions = halves({"crash c1 at 50ms"}),
       .expect = {{"termination", Verdict::open}}},
      {.name = "collision_uncoordinated",
       .kind = ScenarioKind::famous_fix,
       .title = "The same, but the acceptors hear each other and all pick the same value",
       .set = even({{"recovery", "uncoordinated"}}),
       .inputs = two_values_wanted(),
       .interventions = halves({"crash c1 at 50ms"})},
      {.name = "late_value",
       .kind = ScenarioKind::normal,
       .title = "A third vote would make red win round 1, but it comes to an acceptor that has "
                "promised round 4: too late",
       .set = even(),
       .inputs = {propose(100, "p1", "red"), propose(100, "p2", "blue")},
       .interventions = {"delay p1.a4.propose.1 5ms", "delay p1.a3.propose.1 170ms",
                         "drop p2.a3.propose.1", "drop c1.a1.prepare.2"}},
      {.name = "second_coordinator",
       .kind = ScenarioKind::normal,
       .title = "They collide when the first coordinator is dead: the second one starts over",
       .set = even({{"coordinators", "2"}}),
       .inputs = two_values_wanted(),
       .interventions = halves({"crash c1 at 50ms"})},
  };
}

std::vector<Scenario> quorum_scenarios() {
  return {
      {.name = "majority_is_too_small",
       .kind = ScenarioKind::famous_failure,
       .title = "Three of five as a fast quorum: the coordinator cannot tell which value has won, "
                "and another one is chosen as well",
       .set = even({{"acceptors", "5"}, {"f", "2"}, {"e", "2"}}),
       .inputs = two_values_wanted(),
       .interventions = unheard_majority(),
       .expect = {{"agreement", Verdict::violated}}},
      {.name = "four_of_five",
       .kind = ScenarioKind::famous_fix,
       .title = "The same with four of five: blue cannot have won, so red may",
       .set = even({{"acceptors", "5"}, {"f", "2"}, {"e", "1"}}),
       .inputs = two_values_wanted(),
       .interventions = unheard_majority()},
      {.name = "half_is_too_small",
       .kind = ScenarioKind::famous_failure,
       .title = "Two of four as a fast quorum: both values win the same round",
       .set = even({{"e", "2"}}),
       .inputs = two_values_wanted(),
       .interventions = halves(),
       .expect = {{"agreement", Verdict::violated}}},
  };
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all = round_scenarios();
  for (const auto& more : {collision_scenarios(), quorum_scenarios()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace

const Declaration& fast_paxos() {
  static const Declaration kDeclaration{
      .name = "fast_paxos",
      .title = "Fast Paxos",
      .family = "agreement",
      .summary =
          "Clients send their values straight to the acceptors: a message delay less, larger "
          "quorums, and collisions to recover from.",
      .assumptions = one_value::assumptions(),
      .steps = {{"A coordinator asks the acceptors for promises of a round, for the first one "
                 "before anybody wants anything.",
                 "Fast Paxos, section 2.2 (phase 1a) and section 3"},
                {"An acceptor that has promised no higher round promises, and tells its latest "
                 "vote.",
                 "Fast Paxos, section 2.2 (phase 1b)"},
                {"With promises of a quorum, none of which tells a vote, the coordinator opens a "
                 "fast round: accept any value.",
                 "Fast Paxos, section 3 (phase 2a)"},
                {"A proposer sends its value to the acceptors; each votes for the first that comes "
                 "to it, once a round. In a classic round they vote for the coordinator's value.",
                 "Fast Paxos, section 3 (phase 2b)"},
                {"A value with the votes of a quorum of its round is chosen: n − e acceptors in a "
                 "fast round, n − f in a classic one.",
                 "Fast Paxos, section 3 (quorums)"},
                {"A later round proposes, of the latest votes of a quorum, the value that a fast "
                 "quorum may have voted for; if there is none, any.",
                 "Fast Paxos, section 3 (the rule for phase 2a, O4)"},
                {"Coordinated recovery: after a collision the coordinator takes the votes for "
                 "promises of the next round and proposes in it at once.",
                 "Fast Paxos, section 3 (coordinated recovery)"},
                {"Uncoordinated recovery: the acceptors tell each other their votes, and each "
                 "votes in the next fast round for what the rule picks.",
                 "Fast Paxos, section 3 (uncoordinated recovery)"},
                {"Without a decision for a time, a coordinator begins a classic round from phase "
                 "1, after a random time if it is not the first.",
                 "Fast Paxos, sections 2.3 and 3 (progress)"}},
      .parameters = {{"proposers", 1, 5, 2, "", "processes p1, p2, …"},
                     {"coordinators", 1, 3, 1, "", "processes c1, c2, …"},
                     {"acceptors", 1, 9, 4, "", "processes a1, a2, …"},
                     {"f", 0, 4, 1, "",
                      "acceptors that a classic round may lack; safe if acceptors > 2 f"},
                     {"e", 0, 4, 1, "",
                      "acceptors that a fast round may lack; safe if acceptors > 2 e + f"},
                     {"recovery",
                      0,
                      2,
                      1,
                      "",
                      "what follows a collision",
                      {"start_over", "coordinated", "uncoordinated"}},
                     {"patience", 5, 10'000, 150, "ms",
                      "a coordinator waits so long for a decision, a proposer twice as long"}},
      .properties = one_value::properties(),
      .scenarios = scenarios(),
      .validate = validate,
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
