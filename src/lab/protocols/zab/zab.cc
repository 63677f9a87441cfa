#include "lab/protocols/zab/zab.h"

#include "lab/protocols/engine/cluster.h"
#include "protocol/zab/invariants.h"
#include "protocol/zab/types.h"
#include "protocol/zab/zab.h"

#include <array>

namespace ostraka::lab {
namespace {

namespace product = protocol::zab;
using engine::campaign;
using engine::number;
using engine::read;
using engine::write;

// The steps on the page.
enum Step : int {
  elects = 1,
  discovers,
  synchronises,
  establishes,
  broadcasts,
  delivers,
  gives_up,
  reads
};

constexpr std::array<product::Mutant, 2> kBugs{product::Mutant::none,
                                               product::Mutant::ack_before_durable};

const engine::Spec& spec() {
  using product::TraceKind;
  static const engine::Spec kAll{
      .make = engine::make_engine<product::Zab, kBugs>,
      .invariants = engine::make_invariants<product::Invariants>,
      .messages = {{"none", 0},
                   {"notification", elects},
                   {"follower_info", discovers},
                   {"new_epoch", discovers},
                   {"ack_epoch", discovers},
                   {"synchronise", synchronises},
                   {"new_leader", synchronises},
                   {"ack_new_leader", establishes},
                   {"up_to_date", establishes},
                   {"propose", broadcasts},
                   {"ack", broadcasts},
                   {"ping", broadcasts},
                   {"pong", broadcasts},
                   {"hand_over", gives_up},
                   {"sync", reads},
                   {"sync_ack", reads}},
      .timers = {"none", "election", "heartbeat", "deadline"},
      .term_name = "epoch",
      .traces = {{number(TraceKind::decided), {"decided", elects}},
                 {number(TraceKind::epoch_accepted), {"accept", discovers}},
                 {number(TraceKind::epoch_refused), {"refusal", discovers}},
                 {number(TraceKind::diff), {"diff", synchronises}},
                 {number(TraceKind::trunc), {"trunc", synchronises}},
                 {number(TraceKind::truncated), {"cut", synchronises}},
                 {number(TraceKind::epoch_adopted), {"adopt", synchronises}},
                 {number(TraceKind::established), {"established", establishes}},
                 {number(TraceKind::committed), {"commit", delivers}},
                 {number(TraceKind::given_up), {"gives_up", gives_up}},
                 {number(TraceKind::read_round), {"round", reads}}},
      .propose_step = broadcasts,
      .apply_step = delivers,
      .role_step = elects,
      .read_step = reads,
      .snapshot_step = synchronises};
  return kAll;
}

Setup make(const RunContext& context) { return engine::make_cluster(context, spec()); }

// n1 leads, is cut off with a proposal that nobody else has, and comes back to a later epoch.
std::vector<Setting> deposed() { return {{"clients", "2"}, {"time_limit", "9000"}}; }

std::vector<Operation> deposed_inputs() {
  return {campaign(10, "n1"), write(600, "c1", "x"), write(1020, "c1", "lonely"),
          write(5500, "c2", "y")};
}

std::vector<std::string_view> deposed_faults() {
  return {"partition n1,c1|n2,n3,c2 at 1000ms until 3000ms",
          "partition c1|n1,n2,n3,c2 at 1100ms until 5000ms"};
}

std::vector<Scenario> scenarios() {
  return {
      {.name = "broadcast",
       .kind = ScenarioKind::normal,
       .title = "Votes choose a leader, its epoch is established, two writes are broadcast",
       .set = {{"time_limit", "4000"}},
       .inputs = {write(1600, "c1", "x"), write(1800, "c1", "y"), read(2000, "c1")}},
      {.name = "leader_crash",
       .kind = ScenarioKind::normal,
       .title =
           "The leader dies with a write under way; a new epoch goes on, the old leader follows",
       .set = {{"time_limit", "7000"}},
       .inputs = {campaign(10, "n1"), write(600, "c1", "x"), write(995, "c1", "y")},
       .interventions = {"crash n1 at 1000ms", "restart n1 at 3500ms"}},
      {.name = "deposed_leader",
       .kind = ScenarioKind::famous_fix,
       .title =
           "A deposed leader's proposal is cut by TRUNC when it synchronises with the new epoch",
       .set = deposed(),
       .inputs = deposed_inputs(),
       .interventions = deposed_faults()},
      {.name = "snapshot",
       .kind = ScenarioKind::famous_fix,
       .title = "A follower was away for longer than the leader's log reaches back: SNAP",
       .set = {{"keep", "3"}, {"time_limit", "5000"}},
       .inputs = {campaign(10, "n1"), write(600, "c1", "a"), write(1100, "c1", "b"),
                  write(1200, "c1", "c"), write(1300, "c1", "d"), write(1400, "c1", "e"),
                  write(4200, "c1", "f")},
       .interventions = {"partition n3|n1,n2,c1 at 1000ms until 2500ms"}},
      {.name = "acknowledged_early",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: a follower acknowledges what is not on disk",
       .set = {{"bug", "ack_before_durable"}, {"disk", "50"}, {"time_limit", "4000"}},
       .inputs = {campaign(10, "n1"), write(1500, "c1", "x")},
       .expect = {{"invariants", Verdict::violated}}},
      {.name = "no_quorum",
       .kind = ScenarioKind::famous_failure,
       .title = "Two of three nodes are down: the leader gives up its epoch, nothing is written",
       .inputs = {campaign(10, "n1"), write(600, "c1", "x"), write(1200, "c1", "y")},
       .interventions = {"crash n2 at 1000ms", "crash n3 at 1000ms"},
       .expect = {{"progress", Verdict::open}}},
  };
}

}  // namespace

const Declaration& zab() {
  static const Declaration kDeclaration = engine::declare(
      {.name = "zab",
       .title = "ZAB",
       .summary = "Atomic broadcast of one primary at a time, in epochs; an engine of the product.",
       .steps =
           {{"Servers that know no leader tell each other whom they would follow, and change to "
             "whoever has the later history; a quorum of equal votes decides.",
             "Medeiros, section 4.2"},
            {"The chosen leader takes an epoch above every epoch that a quorum has accepted, and "
             "each follower accepts it, which shuts out earlier leaders.",
             "Zab, section 4.1; Medeiros, algorithm 1"},
            {"The leader brings each follower's history to its own: what is missing is sent "
             "(DIFF), "
             "what it does not have is cut (TRUNC), or a snapshot is sent (SNAP).",
             "Medeiros, algorithm 2 and section 4.3"},
            {"When a quorum has history and epoch on disk the epoch is established, its history is "
             "delivered, and the leader serves.",
             "Zab, section 4.2"},
            {"The leader proposes what clients want in one order; followers store it and "
             "acknowledge what is on disk.",
             "Zab, section 4.3"},
            {"What a quorum of the epoch has acknowledged is committed, and delivered in order.",
             "Zab, section 4.3"},
            {"A leader that no quorum answers gives up its epoch and never takes it up again.",
             "Medeiros, section 4.1"},
            {"A leader answers reads from its state: by the lease that a quorum's promises give "
             "it, "
             "or after a round to a quorum.",
             "docs/design/0006-zab.md"}},
       .parameters = engine::cluster_parameters({"ack_before_durable"}),
       .scenarios = scenarios(),
       .make = make});
  return kDeclaration;
}

}  // namespace ostraka::lab
