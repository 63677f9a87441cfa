#include "lab/protocols/multi_paxos/multi_paxos.h"

#include "lab/protocols/engine/cluster.h"
#include "protocol/multi_paxos/invariants.h"
#include "protocol/multi_paxos/multi_paxos.h"
#include "protocol/multi_paxos/types.h"

#include <array>

namespace ostraka::lab {
namespace {

namespace product = protocol::multi_paxos;
using engine::campaign;
using engine::number;
using engine::write;

// The steps on the page.
enum Step : int {
  prepares = 1,
  promises,
  closes_gaps,
  proposes,
  accepts,
  chooses,
  holds_on,
  reads
};

constexpr std::array<product::Mutant, 4> kBugs{
    product::Mutant::none, product::Mutant::accept_below_promise, product::Mutant::noop_over_report,
    product::Mutant::chosen_over_gap};

const engine::Spec& spec() {
  using product::TraceKind;
  static const engine::Spec kAll{
      .make = engine::make_engine<product::MultiPaxos, kBugs>,
      .invariants = engine::make_invariants<product::Invariants>,
      .messages = {{"none", 0},
                   {"pre_prepare", prepares},
                   {"pre_promise", promises},
                   {"prepare", prepares},
                   {"promise", promises},
                   {"accept", proposes},
                   {"accepted", accepts},
                   {"heartbeat", holds_on},
                   {"heartbeat_ack", holds_on},
                   {"timeout_now", prepares},
                   {"read_request", reads},
                   {"read_ack", reads}},
      .timers = {"none", "election", "heartbeat", "deadline"},
      .term_name = "ballot",
      .term_node_bits = product::kNodeBits,
      .traces = {{number(TraceKind::promised), {"promise", promises}},
                 {number(TraceKind::refused), {"refusal", promises}},
                 {number(TraceKind::adopted), {"report", closes_gaps}},
                 {number(TraceKind::proposed_again), {"again", closes_gaps}},
                 {number(TraceKind::accepted), {"accept", accepts}},
                 {number(TraceKind::chosen), {"chosen", chooses}},
                 {number(TraceKind::chosen_beyond), {"chosen_beyond", chooses}},
                 {number(TraceKind::read_round), {"round", reads}}},
      .propose_step = proposes,
      .apply_step = chooses,
      .role_step = holds_on,
      .read_step = reads};
  return kAll;
}

Setup make(const RunContext& context) { return engine::make_cluster(context, spec()); }

// n1 leads; the accepts of slot 2 are lost on all links, those of slot 3 arrive.
std::vector<Setting> gap(std::string_view bug) {
  return {{"bug", bug},
          {"delay_min", "10"},
          {"delay_max", "10"},
          {"clients", "2"},
          {"time_limit", "4000"}};
}

std::vector<Operation> gap_inputs() {
  return {campaign(10, "n1"), write(300, "c1", "x"), write(305, "c2", "y"), campaign(1000, "n3")};
}

// n1 dies before it sends slot 2 again, when n2 alone has slot 3. The restart of n2 lets n3 stand
// first.
std::vector<std::string_view> gap_left() {
  return {"drop n1.n2.accept.2", "drop n1.n3.accept.2", "drop n1.n3.accept.3", "crash n1 at 340ms",
          "crash n2 at 600ms",   "restart n2 at 700ms", "restart n1 at 2000ms"};
}

// x is chosen by n1 and n2, n1 dies, n3 learns of it by n2's report alone.
std::vector<Operation> report_inputs() {
  return {campaign(10, "n1"), write(300, "c1", "x"), campaign(1000, "n3"), write(2500, "c2", "y")};
}

std::vector<std::string_view> report_faults() {
  return {"drop n1.n3.accept.2", "crash n1 at 345ms", "crash n2 at 600ms", "restart n2 at 700ms"};
}

// n1 sleeps while n2 is elected, and wakes up with a request and its old ballot.
std::vector<Operation> old_leader_inputs() {
  return {campaign(10, "n1"), write(200, "c1", "x"), write(420, "c2", "late"), campaign(915, "n2")};
}

std::vector<Scenario> slot_scenarios() {
  return {
      {.name = "pipelined",
       .kind = ScenarioKind::normal,
       .title = "One phase 1 for the whole log, then three slots under way at once",
       .set = {{"clients", "3"}, {"time_limit", "1500"}},
       .inputs = {campaign(10, "n1"), write(300, "c1", "x"), write(300, "c2", "y"),
                  write(302, "c3", "z")}},
      {.name = "out_of_order",
       .kind = ScenarioKind::normal,
       .title = "Slot 3 is chosen before slot 2, and applied behind it",
       .set = gap("none"),
       .inputs = gap_inputs(),
       .interventions = {"drop n1.n2.accept.2", "drop n1.n3.accept.2"}},
      {.name = "over_the_gap",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: what is chosen is applied over a gap; the leader dies, and a write "
                "that was acknowledged is gone",
       .set = gap("chosen_over_gap"),
       .inputs = gap_inputs(),
       .interventions = {"drop n1.n2.accept.2", "drop n1.n3.accept.2", "crash n1 at 345ms"},
       .expect = {{"invariants", Verdict::violated}, {"same_order", Verdict::violated}}},
      {.name = "gap_closed",
       .kind = ScenarioKind::famous_fix,
       .title = "The leader leaves a gap; the next one fills it with a no-op and keeps what one "
                "acceptor reports",
       .set = gap("none"),
       .inputs = gap_inputs(),
       .interventions = gap_left()},
      {.name = "report_ignored",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: a new leader takes a report of one acceptor for too little, and puts "
                "a no-op over a chosen value",
       .set = gap("noop_over_report"),
       .inputs = report_inputs(),
       .interventions = report_faults(),
       .expect = {{"invariants", Verdict::violated}, {"same_order", Verdict::violated}}},
      {.name = "report_heard",
       .kind = ScenarioKind::famous_fix,
       .title = "The same without the bug: one report is enough, the value is proposed again",
       .set = gap("none"),
       .inputs = report_inputs(),
       .interventions = report_faults()},
  };
}

std::vector<Scenario> leader_scenarios() {
  return {
      {.name = "duel",
       .kind = ScenarioKind::normal,
       .title = "Two candidates at once: who has promised the higher ballot refuses the lower",
       .inputs = {campaign(10, "n1"), campaign(10, "n2"), write(400, "c1", "x")}},
      {.name = "old_leader",
       .kind = ScenarioKind::famous_fix,
       .title = "A leader wakes up that does not know that it was replaced: its ballot is refused",
       .set = gap("none"),
       .inputs = old_leader_inputs(),
       .interventions = {"pause n1 at 400ms for 700ms"}},
      {.name = "old_leader_heard",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: acceptors take an accept of a ballot below their promise",
       .set = gap("accept_below_promise"),
       .inputs = old_leader_inputs(),
       .interventions = {"pause n1 at 400ms for 700ms"},
       .expect = {{"invariants", Verdict::violated}}},
      engine::reads_by_lease(),
      engine::no_majority("no_quorum"),
  };
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all = slot_scenarios();
  const std::vector<Scenario> more = leader_scenarios();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

const Declaration& multi_paxos() {
  static const Declaration kDeclaration = engine::declare(
      {.name = "multi_paxos",
       .title = "Multi-Paxos",
       .summary = "Paxos for every slot of a log, with one phase 1 for all; an engine of the "
                  "product.",
       .steps =
           {{"A node that hears no leader asks whether it would be promised, then takes a ballot "
             "above all that it has heard of and prepares it for every open slot at once.",
             "Paxos Made Simple, section 3"},
            {"An acceptor that has promised no higher ballot promises, and reports for each open "
             "slot what it has accepted there, with its ballot.",
             "Paxos Made Simple, sections 2.2 and 3"},
            {"With promises of a quorum it leads, and proposes for each slot what was reported at "
             "the highest ballot for that slot, or a no-op where nothing was.",
             "Paxos Made Simple, section 3"},
            {"The leader gives each value the next slot and sends accept, without waiting for the "
             "slots before.",
             "Paxos Made Simple, section 3"},
            {"An acceptor stores what comes at a ballot not below its promise, behind a gap too, "
             "and tells what is on disk; a lower ballot is refused.",
             "Paxos Made Simple, section 2.2"},
            {"A slot that a quorum has accepted at one ballot is chosen, in any order; slots are "
             "applied in order.",
             "Paxos Made Simple, section 3"},
            {"Heartbeats hold the leadership and its lease; who hears of a higher ballot follows, "
             "a leader without a quorum gives up.",
             "Paxos Made Simple, section 2.4; docs/design/0005-multi-paxos.md"},
            {"A leader answers reads from its state: by the lease that a quorum's promises give "
             "it, or after a round to a quorum.",
             "docs/design/0005-multi-paxos.md"}},
       .parameters = engine::cluster_parameters(
           {"accept_below_promise", "noop_over_report", "chosen_over_gap"}),
       .scenarios = scenarios(),
       .make = make});
  return kDeclaration;
}

}  // namespace ostraka::lab
