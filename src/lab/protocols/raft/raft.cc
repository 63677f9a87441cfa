#include "lab/protocols/raft/raft.h"

#include "lab/protocols/engine/cluster.h"
#include "protocol/raft/invariants.h"
#include "protocol/raft/raft.h"

#include <array>

namespace ostraka::lab {
namespace {

namespace product = protocol::raft;
using engine::campaign;
using engine::write;

// The steps on the page.
enum Step : int { campaigns = 1, votes, leads, replicates, stores, commits, gives_way };

constexpr std::array<product::Mutant, 4> kBugs{product::Mutant::none, product::Mutant::vote_twice,
                                               product::Mutant::vote_before_durable,
                                               product::Mutant::ack_before_durable};

std::unique_ptr<protocol::Protocol> make_raft(const engine::Start& start) {
  auto raft = std::make_unique<product::Raft>(start.self, start.settings, start.recovered,
                                              start.seed, start.now);
  raft->plant_bug(kBugs.at(static_cast<std::size_t>(start.bug)));
  return raft;
}

std::uint16_t number(product::TraceKind kind) { return static_cast<std::uint16_t>(kind); }

const engine::Spec& spec() {
  using product::TraceKind;
  static const engine::Spec all{.make = make_raft,
                                .invariants = [] -> std::unique_ptr<protocol::ClusterInvariants> {
                                  return std::make_unique<product::Invariants>();
                                },
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
                                             {"read_request", 0},
                                             {"read_ack", 0}},
                                .timers = {"none", "election", "heartbeat", "deadline"},
                                .traces = {{number(TraceKind::vote_granted), {"vote", votes}},
                                           {number(TraceKind::vote_refused), {"refusal", votes}},
                                           {number(TraceKind::truncated), {"cut", stores}},
                                           {number(TraceKind::rejected), {"mismatch", stores}},
                                           {number(TraceKind::committed), {"commit", commits}}},
                                .propose_step = replicates,
                                .apply_step = commits,
                                .role_step = leads};
  return all;
}

Setup make(const RunContext& context) { return engine::make_cluster(context, spec()); }

std::vector<Scenario> scenarios() {
  return {
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
      {.name = "no_majority",
       .kind = ScenarioKind::famous_failure,
       .title = "Two of three nodes are down: the leader gives up, nothing is written",
       .inputs = {campaign(10, "n1"), write(200, "c1", "x"), write(500, "c1", "y")},
       .interventions = {"crash n2 at 400ms", "crash n3 at 400ms"},
       .expect = {{"progress", Verdict::open}}},
      {.name = "forgotten_vote",
       .kind = ScenarioKind::famous_failure,
       .title = "Planted bug: a voter forgets its vote and votes twice in one term",
       .set = {{"bug", "vote_twice"}, {"delay_min", "10"}, {"delay_max", "10"}},
       .inputs = {campaign(10, "n1"), campaign(10, "n2")},
       .expect = {{"invariants", Verdict::violated}}},
      {.name = "one_vote_each",
       .kind = ScenarioKind::famous_fix,
       .title = "The same two candidates without the bug: at most one wins the term",
       .set = {{"delay_min", "10"}, {"delay_max", "10"}},
       .inputs = {campaign(10, "n1"), campaign(10, "n2"), write(200, "c1", "x")}},
  };
}

}  // namespace

const Declaration& raft() {
  static const Declaration declaration{
      .name = "raft",
      .title = "Raft",
      .family = "agreement",
      .summary = "A replicated log under one leader; the state machine that the product runs.",
      .assumptions = {"Processes crash and come back with their stable storage; none lies.",
                      "Messages may be lost, duplicated, late and out of order, never corrupted.",
                      "Safety of the log needs no clock. Leases of the leader need clocks whose "
                      "rates differ by at most one per cent."},
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
            "Raft, section 5.1; thesis, section 6.2"}},
      .parameters =
          engine::cluster_parameters({"vote_twice", "vote_before_durable", "ack_before_durable"}),
      .defaults = engine::cluster_defaults(),
      .properties = engine::cluster_properties(),
      .scenarios = scenarios(),
      .make = make,
      .check = engine::check_cluster};
  return declaration;
}

}  // namespace ostraka::lab
