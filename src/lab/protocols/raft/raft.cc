#include "lab/protocols/raft/raft.h"

#include "lab/protocols/engine/cluster.h"
#include "protocol/raft/invariants.h"
#include "protocol/raft/raft.h"

#include <array>

namespace ostraka::lab {
namespace {

namespace product = protocol::raft;
using engine::campaign;
using engine::change;
using engine::number;
using engine::read;
using engine::write;

// The steps on the page.
enum Step : int {
  campaigns = 1,
  votes,
  leads,
  replicates,
  stores,
  commits,
  gives_way,
  reads,
  changes,
  snapshots
};

constexpr std::array<product::Mutant, 5> kBugs{
    product::Mutant::none, product::Mutant::vote_twice, product::Mutant::vote_before_durable,
    product::Mutant::ack_before_durable, product::Mutant::no_config_guard};

const engine::Spec& spec() {
  using product::TraceKind;
  static const engine::Spec kAll{.make = engine::make_engine<product::Raft, kBugs>,
                                 .invariants = engine::make_invariants<product::Invariants>,
                                 .messages = {{"none", 0},
                                              {"pre_vote", campaigns},
                                              {"pre_vote_ack", votes},
                                              {"vote", campaigns},
                                              {"vote_ack", votes},
                                              {"append", replicates},
                                              {"append_ack", stores},
                                              {"heartbeat", leads},
                                              {"heartbeat_ack", leads},
                                              {"timeout_now", campaigns},
                                              {"read_request", reads},
                                              {"read_ack", reads}},
                                 .timers = {"none", "election", "heartbeat", "deadline"},
                                 .traces = {{number(TraceKind::vote_granted), {"vote", votes}},
                                            {number(TraceKind::vote_refused), {"refusal", votes}},
                                            {number(TraceKind::truncated), {"cut", stores}},
                                            {number(TraceKind::rejected), {"mismatch", stores}},
                                            {number(TraceKind::committed), {"commit", commits}},
                                            {number(TraceKind::configuration), {"voters", changes}},
                                            {number(TraceKind::read_round), {"round", reads}}},
                                 .propose_step = replicates,
                                 .apply_step = commits,
                                 .role_step = leads,
                                 .read_step = reads,
                                 .change_step = changes,
                                 .snapshot_step = snapshots};
  return kAll;
}

Setup make(const RunContext& context) { return engine::make_cluster(context, spec()); }

// n1 and n3 stand in one term, n2 votes for n1 and dies before its disk has the vote; later n3's
// request reaches it.
std::vector<Setting> lost_vote(std::string_view bug) {
  return {
      {"bug", bug},     {"delay_min", "10"},     {"delay_max", "10"},     {"disk", "50"},
      {"lease", "100"}, {"election_min", "600"}, {"election_max", "900"}, {"time_limit", "5000"}};
}

std::vector<std::string_view> lost_vote_faults() {
  return {"partition n1|n3 at 0ms until 105ms", "delay n3.n2.vote.1 330ms", "crash n2 at 95ms",
          "restart n2 at 150ms", "partition n1|n2,n3 at 105ms until 900ms"};
}

// n1 commits with n2 alone, both die, n2 comes back to n3.
std::vector<Setting> lost_entry(std::string_view bug) {
  return {{"bug", bug},   {"delay_min", "10"}, {"delay_max", "10"},
          {"disk", "50"}, {"clients", "2"},    {"time_limit", "6000"}};
}

std::vector<Operation> lost_entry_inputs() {
  return {campaign(10, "n1"), write(500, "c1", "x"), campaign(1300, "n3"), write(2500, "c2", "y")};
}

std::vector<std::string_view> lost_entry_faults() {
  return {"partition n3|n1,n2 at 400ms until 640ms", "crash n2 at 565ms", "crash n1 at 600ms",
          "restart n2 at 700ms"};
}

// The clock of n1 runs at less than a third of its speed, and so its lease lasts three times as
// long.
std::vector<Setting> slow_leader() {
  return {{"clock_n1", "-70"},     {"delay_min", "10"},      {"delay_max", "10"},
          {"patience", "100"},     {"clients", "2"},         {"time_limit", "5000"},
          {"election_min", "420"}, {"election_max", "10000"}};
}

std::vector<Operation> stale_read_inputs() {
  return {campaign(10, "n1"), write(200, "c1", "x"), campaign(822, "n2"), write(900, "c2", "y"),
          read(1150, "c1")};
}

// Disks that are too slow for what was said.
std::vector<Scenario> disk_scenarios() {
  return {
      {.name = "vote_lost",
       .kind = ScenarioKind::famous_failure,
       .title =
           "Planted bug: a vote is told before it is on disk; the voter dies, votes again, and "
           "the term has two leaders",
       .set = lost_vote("vote_before_durable"),
       .inputs = {campaign(10, "n1"), campaign(10, "n3")},
       .interventions = lost_vote_faults(),
       .expect = {{"invariants", Verdict::violated}, {"one_leader", Verdict::violated}}},
      {.name = "vote_kept",
       .kind = ScenarioKind::famous_fix,
       .title = "The same without the bug: the vote that was lost had not been told",
       .set = lost_vote("none"),
       .inputs = {campaign(10, "n1"), campaign(10, "n3"), write(3000, "c1", "x")},
       .interventions = lost_vote_faults()},
      {.name = "acknowledged_lost",
       .kind = ScenarioKind::famous_failure,
       .title =
           "Planted bug: a follower acknowledges what is not on disk; a committed write is gone",
       .set = lost_entry("ack_before_durable"),
       .inputs = lost_entry_inputs(),
       .interventions = lost_entry_faults(),
       .expect = {{"invariants", Verdict::violated}, {"same_order", Verdict::violated}}},
      {.name = "acknowledged_kept",
       .kind = ScenarioKind::famous_fix,
       .title = "The same without the bug: the write is committed when the disks have it",
       .set = lost_entry("none"),
       .inputs = lost_entry_inputs(),
       .interventions = lost_entry_faults()},
  };
}

std::vector<Scenario> read_scenarios() {
  return {
      engine::reads_by_lease(),
      {.name = "read_index",
       .kind = ScenarioKind::normal,
       .title = "With a lease too short to use, a read costs one round to a majority",
       .set = {{"lease", "10"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), read(400, "c1")}},
      {.name = "read_refused",
       .kind = ScenarioKind::famous_fix,
       .title = "A leader that is cut off finds no majority for its read round: it gives no answer "
                "rather than a stale one",
       .set = {{"lease", "10"}, {"clients", "2"}, {"time_limit", "6000"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), read(700, "c1"),
                  write(1900, "c2", "y"), read(4000, "c1")},
       .interventions = {"partition n1,c1|n2,n3,c2 at 400ms until 2800ms"}},
      {.name = "stale_read",
       .kind = ScenarioKind::famous_failure,
       .title =
           "The clock of a leader that is cut off is far too slow: it reads by a lease that has "
           "ended for the others",
       .set = slow_leader(),
       .inputs = stale_read_inputs(),
       .interventions = {"partition n1,c1|n2,n3,c2 at 500ms until 2500ms"},
       .expect = {{"invariants", Verdict::violated}, {"fresh_reads", Verdict::violated}}},
      {.name = "lease_in_bounds",
       .kind = ScenarioKind::famous_fix,
       .title =
           "A clock within the bound of one per cent: the lease has ended in time, the read waits",
       .set = {{"clock_n1", "-1"},
               {"delay_min", "10"},
               {"delay_max", "10"},
               {"patience", "100"},
               {"clients", "2"},
               {"time_limit", "5000"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), campaign(1010, "n2"),
                  write(1050, "c2", "y"), read(1300, "c1")},
       .interventions = {"partition n1,c1|n2,n3,c2 at 500ms until 2500ms"}},
  };
}

// The one change comes before an entry of the leader's own term is committed, the other two while a
// change is under way; the last one is in time.
std::vector<Operation> hasty_changes() {
  return {campaign(10, "n1"),
          change(55, "n1", {1, 2, 3, 4, 5}, false),
          change(400, "n1", {1, 2, 3, 4, 5}, false),
          change(401, "n1", {1, 2, 3, 4}, false),
          change(402, "n1", {1, 2, 3}, false),
          change(900, "n1", {1, 2, 3, 4}, false),
          write(1200, "c1", "x")};
}

std::vector<Setting> four_and_one(std::string_view bug) {
  return {{"bug", bug},        {"nodes", "5"},      {"voters", "4"},
          {"delay_min", "10"}, {"delay_max", "10"}, {"time_limit", "2000"}};
}

// Thesis, section 4.1, and the correction to it: n1 takes n5 in, n2 (in a later term, before
// anything of it is committed) takes n1 out, and n1 comes back with n4 and n5.
std::vector<Setting> rivals(std::string_view bug) {
  std::vector<Setting> set = four_and_one(bug);
  set.insert(set.end(), {{"election_min", "420"}, {"election_max", "10000"}});
  return set;
}

std::vector<Operation> rival_changes() {
  return {campaign(10, "n1"),   change(280, "n1", {1, 2, 3, 4, 5}, false),
          campaign(690, "n2"),  change(735, "n2", {2, 3, 4}, false),
          campaign(1400, "n1"), write(1500, "c1", "x")};
}

std::vector<std::string_view> rival_partitions() {
  return {"partition n1,n5|n2,n3,n4 at 270ms until 850ms",
          "partition n4|n2,n3 at 733ms until 1900ms",
          "partition n1,n5|n2,n3 at 850ms until 1900ms"};
}

std::vector<Scenario> change_scenarios() {
  return {
      {.name = "rival_changes",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: two leaders change one server each, the later one in its first "
                "moment: majorities that do not meet, and two logs",
       .set = rivals("no_config_guard"),
       .inputs = rival_changes(),
       .interventions = rival_partitions(),
       .expect = {{"invariants", Verdict::violated}, {"same_order", Verdict::violated}}},
      {.name = "rival_refused",
       .kind = ScenarioKind::famous_fix,
       .title = "The same without the bug: the later leader must first commit an entry of its term",
       .set = rivals("none"),
       .inputs = rival_changes(),
       .interventions = rival_partitions()},
      {.name = "joint_consensus",
       .kind = ScenarioKind::normal,
       .title = "n3, n4, n5 take over from n1, n2, n3 at once: for a while both majorities decide",
       .set = {{"nodes", "5"}, {"voters", "3"}, {"time_limit", "4000"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), change(500, "n1", {3, 4, 5}, true),
                  write(1500, "c1", "y")}},
      {.name = "hasty_changes",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: a leader changes who votes before its term has a committed entry, "
                "and again before the change is committed",
       .set = four_and_one("no_config_guard"),
       .inputs = hasty_changes(),
       .expect = {{"invariants", Verdict::violated}}},
      {.name = "changes_in_turn",
       .kind = ScenarioKind::famous_fix,
       .title = "The same without the bug: changes that come too early are refused",
       .set = four_and_one("none"),
       .inputs = hasty_changes()},
      {.name = "snapshot",
       .kind = ScenarioKind::famous_fix,
       .title = "A follower was away for longer than the log reaches back: it gets a snapshot",
       .set = {{"keep", "3"}, {"time_limit", "3000"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "a"), write(350, "c1", "b"),
                  write(450, "c1", "c"), write(550, "c1", "d"), write(650, "c1", "e"),
                  write(2000, "c1", "f")},
       .interventions = {"partition n3|n1,n2,c1 at 300ms until 1200ms"}},
  };
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all{
      {.name = "election",
       .kind = ScenarioKind::normal,
       .title = "Random time-outs choose a leader, which replicates two writes",
       .inputs = {write(1200, "c1", "x"), write(1400, "c1", "y")}},
      {.name = "leader_crash",
       .kind = ScenarioKind::normal,
       .title = "The leader dies with a write under way; the next one goes on, the old one follows",
       .set = {{"time_limit", "4000"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), write(395, "c1", "y")},
       .interventions = {"crash n1 at 400ms", "restart n1 at 2200ms"}},
      {.name = "partition_old_leader",
       .kind = ScenarioKind::famous_fix,
       .title = "A leader cut off cannot commit; the majority elects another, whose log wins",
       .set = {{"clients", "2"}, {"time_limit", "5000"}},
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), write(420, "c1", "lonely"),
                  write(2000, "c2", "y")},
       .interventions = {"partition n1,c1|n2,n3,c2 at 400ms until 2800ms"}},
      engine::no_majority("no_majority"),
      {.name = "forgotten_vote",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: a voter forgets its vote and votes twice in one term",
       .set = {{"bug", "vote_twice"}, {"delay_min", "10"}, {"delay_max", "10"}},
       .inputs = {campaign(10, "n1"), campaign(10, "n2")},
       .expect = {{"invariants", Verdict::violated}, {"one_leader", Verdict::violated}}},
      {.name = "one_vote_each",
       .kind = ScenarioKind::famous_fix,
       .title = "The same two candidates without the bug: at most one wins the term",
       .set = {{"delay_min", "10"}, {"delay_max", "10"}},
       .inputs = {campaign(10, "n1"), campaign(10, "n2"), write(200, "c1", "x")}},
  };
  for (const std::vector<Scenario>& more :
       std::array{disk_scenarios(), read_scenarios(), change_scenarios()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace

const Declaration& raft() {
  static const Declaration kDeclaration = engine::declare(
      {.name = "raft",
       .title = "Raft",
       .summary = "A replicated log under one leader; the state machine that the product runs.",
       .steps =
           {{"A node that hears no leader for a random time asks whether it would be elected, "
             "then stands in a new term and asks for votes.",
             "Raft, section 5.2; thesis, section 9.6"},
            {"A voter gives one vote a term, to a candidate whose log is not behind its own.",
             "Raft, sections 5.2 and 5.4.1"},
            {"A candidate with the votes of a majority leads, and says so by heartbeats.",
             "Raft, section 5.2"},
            {"The leader appends what clients want to its log and sends it to all.",
             "Raft, section 5.3"},
            {"A follower stores what continues its log, cuts what contradicts the leader's, and "
             "acknowledges what is durable.",
             "Raft, section 5.3"},
            {"An entry of the own term that a majority holds is committed, and so is all before "
             "it; committed entries are applied in order.",
             "Raft, sections 5.3 and 5.4.2"},
            {"Who hears of a higher term follows; a leader without a majority steps down.",
             "Raft, section 5.1; thesis, section 6.2"},
            {"A leader answers reads from its state: by the lease that a majority's promises give "
             "it, or after a round in which a majority says that it still leads.",
             "thesis, sections 6.4 and 6.4.1"},
            {"A leader changes who votes by an entry of its log, one change at a time and none "
             "before an entry of its own term is committed: of one server, or of any by joint "
             "consensus, in which the old and the new majority must both agree.",
             "Raft, section 6; thesis, chapter 4"},
            {"A snapshot of the state takes the place of old entries; a follower that needs those "
             "gets the snapshot.",
             "Raft, section 7"}},
       .parameters = engine::cluster_parameters(
           {"vote_twice", "vote_before_durable", "ack_before_durable", "no_config_guard"}),
       .scenarios = scenarios(),
       .make = make});
  return kDeclaration;
}

}  // namespace ostraka::lab
