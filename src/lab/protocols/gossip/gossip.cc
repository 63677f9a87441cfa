#include "lab/protocols/gossip/gossip.h"

#include "lab/protocols/gossip/node.h"
#include "lab/protocols/gossip/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

using gossip_detail::Exchange;

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  for (std::int64_t i = 1; i <= parameters["nodes"]; ++i) {
    setup.processes.push_back({fmt::format("n{}", i), "node", [parameters](const Birth& birth) {
                                 return std::make_unique<gossip_detail::Node>(birth, parameters);
                               }});
  }
  return setup;
}

// Who learns was asked to make the update, or had it from one who knew before.
bool is_founded(const Record& record, const RecordEvent& learning,
                const std::set<ProcessId>& informed) {
  const RecordEvent& cause = record.event(learning.cause);
  if (cause.kind == EventKind::input) {
    return true;
  }
  const auto message = std::ranges::find(record.messages, cause.message, &RecordMessage::id);
  return message != record.messages.end() && message->kind == "update" &&
         informed.contains(message->from);
}

void check(const RunContext&, const Record& record, Judge& judge) {
  std::set<ProcessId> informed;
  std::vector<EventId> learnings;
  for (const RecordEvent* event : outputs_of(record, "learns")) {
    if (!is_founded(record, *event, informed)) {
      judge.violated(
          "no_invention", {event->id},
          fmt::format("{} knows an update that nobody told it", record.name_of(event->process)));
    }
    informed.insert(event->process);
    learnings.push_back(event->id);
  }
  std::size_t ignorant = 0;
  for (std::uint32_t id = 1; id <= record.processes.size(); ++id) {
    const ProcessId process{id};
    ignorant += is_up_at_end(record, process) && !informed.contains(process) ? 1 : 0;
  }
  const bool is_reached = ignorant == 0 || informed.empty();
  judge.eventually("everyone", is_reached, learnings,
                   is_reached ? "everyone who is up knows the update"
                              : fmt::format("{} of {} nodes do not know the update", ignorant,
                                            record.processes.size()));
}

// The share that does not know, a round later (Demers et al. 1987, section 1.3).
double next_ignorance(Exchange exchange, double ignorant) {
  const double missed = std::exp(-(1 - ignorant));  // by every push
  switch (exchange) {
    case Exchange::push:
      return ignorant * missed;
    case Exchange::pull:
      return ignorant * ignorant;
    case Exchange::push_pull:
      return ignorant * ignorant * missed;
  }
  return ignorant;
}

constexpr std::array<const char*, 3> kExchanges{"push", "pull", "push-pull"};

Plot convergence_plot(const RunContext& context, const Record& record) {
  Plot plot{.name = "convergence",
            .title = "Who does not know, round by round, against theory without removal",
            .x_label = "round",
            .y_label = "% of nodes"};
  const auto nodes = static_cast<double>(record.processes.size());
  const base::Duration interval = context.parameters.milliseconds("interval");
  const std::int64_t rounds = std::min<std::int64_t>(context.parameters["rounds"], 30);
  const auto learnings = outputs_of(record, "learns");
  Plot::Series run{.name = "this run"};
  for (std::int64_t round = 0; round <= rounds; ++round) {
    const auto informed = std::ranges::count_if(learnings, [&](const RecordEvent* event) {
      return event->at < base::Instant() + interval * (round + 1);
    });
    run.points.emplace_back(round, 100 * (1 - static_cast<double>(informed) / nodes));
  }
  plot.series.push_back(std::move(run));
  for (std::size_t i = 0; i < kExchanges.size(); ++i) {
    Plot::Series theory{.name = fmt::format("theory: {}", kExchanges.at(i))};
    double ignorant = 1 - 1 / nodes;
    for (std::int64_t round = 0; round <= rounds; ++round) {
      theory.points.emplace_back(round, 100 * ignorant);
      ignorant = next_ignorance(static_cast<Exchange>(i), ignorant);
    }
    plot.series.push_back(std::move(theory));
  }
  return plot;
}

void plot(const RunContext& context, const Record& record, std::vector<Plot>& plots) {
  plots.push_back(convergence_plot(context, record));
  Plot bytes{.name = "bytes",
             .title = "Bytes that were sent, until everyone knew and after",
             .x_label = "kind",
             .y_label = "bytes",
             .bars = true,
             .categories = {"updates", "questions and answers"}};
  const auto learnings = outputs_of(record, "learns");
  const base::Instant last = learnings.empty() ? base::Instant() : learnings.back()->at;
  bytes.series = {{.name = "until the last one learned", .points = {{0, 0}, {1, 0}}},
                  {.name = "after", .points = {{0, 0}, {1, 0}}}};
  for (const RecordMessage& message : record.messages) {
    const bool is_update = message.kind == "update";
    const double size = is_update ? static_cast<double>(context.parameters["size"]) : 0;
    bytes.series[message.sent < last ? 0 : 1].points[is_update ? 0 : 1].second +=
        static_cast<double>(gossip_detail::kHeaderBytes) + size;
  }
  plots.push_back(std::move(bytes));
  const std::vector<Plot>& sweep = gossip_detail::sweep(gossip().parameters);
  plots.insert(plots.end(), sweep.begin(), sweep.end());
}

Operation update() { return {.at = base::Instant(), .process = "n1", .kind = "update"}; }

std::vector<Scenario> scenarios() {
  return {
      {.name = "anti_entropy",
       .kind = ScenarioKind::normal,
       .title = "Anti-entropy by push and pull: everyone compares with someone, round by round",
       .inputs = {update()}},
      {.name = "direct_mail",
       .kind = ScenarioKind::normal,
       .title = "Direct mail: one message to each, while nothing is lost",
       .set = {{"method", "direct_mail"}},
       .inputs = {update()}},
      {.name = "mail_lost",
       .kind = ScenarioKind::famous_failure,
       .title = "Direct mail with a lost letter: one node never knows",
       .set = {{"method", "direct_mail"}},
       .inputs = {update()},
       .interventions = {"drop n1.n5.update.1"},
       .expect = {{"everyone", Verdict::violated}}},
      {.name = "mail_repaired",
       .kind = ScenarioKind::famous_fix,
       .title = "The same, with anti-entropy behind it",
       .set = {{"method", "direct_mail"}, {"backup", "1"}},
       .inputs = {update()},
       .interventions = {"drop n1.n5.update.1"}},
      {.name = "rumour_dies",
       .kind = ScenarioKind::famous_failure,
       .title = "A rumour that each tells once dies out before it is everywhere",
       .set = {{"method", "rumour"}, {"exchange", "push"}, {"stop_on", "blind"}, {"k", "1"}},
       .inputs = {update()},
       .expect = {{"everyone", Verdict::violated}}},
      {.name = "rumour_backed",
       .kind = ScenarioKind::famous_fix,
       .title = "A rumour with feedback and a counter of 3, and anti-entropy for the rest",
       .set = {{"method", "rumour"}, {"exchange", "push"}, {"k", "3"}, {"backup", "1"}},
       .inputs = {update()}},
      {.name = "partition",
       .kind = ScenarioKind::normal,
       .title = "Half of the nodes are cut off for a while: anti-entropy catches up",
       .set = {{"nodes", "6"}, {"rounds", "30"}},
       .inputs = {update()},
       .interventions = {"partition n1,n2,n3|n4,n5,n6 at 0ms until 600ms"}},
  };
}

}  // namespace

const Declaration& gossip() {
  static const Declaration kDeclaration{
      .name = "gossip",
      .title = "Gossip",
      .family = "gossip",
      .summary = "An update reaches all nodes by chance meetings, in about log n rounds.",
      .assumptions = {"Processes crash and come back with the updates that they know.",
                      "Messages may be lost, duplicated, late and out of order.",
                      "Everyone knows everyone, and draws partners evenly."},
      .steps =
          {{"Direct mail: who makes an update sends it to all.", "Demers et al. 1987, section 1.2"},
           {"Push: a node with a rumour sends it to a node that it draws.",
            "Demers et al. 1987, section 1.4"},
           {"Pull: a node asks a node that it draws, which answers with its rumour.",
            "Demers et al. 1987, section 1.4"},
           {"Who has told it in vain, k times or with chance 1/k a time, loses interest; blind: "
            "every time counts.",
            "Demers et al. 1987, section 1.4"},
           {"Anti-entropy: every node compares with a drawn one, round by round, for ever.",
            "Demers et al. 1987, section 1.3"}},
      .parameters =
          {{"nodes", 2, 40, 16, "", "n1, n2, …"},
           {"method",
            0,
            2,
            2,
            "",
            "how the update spreads",
            {"direct_mail", "rumour", "anti_entropy"}},
           {"exchange", 0, 2, 2, "", "who sends what it knows", {"push", "pull", "push_pull"}},
           {"stop_on",
            0,
            1,
            0,
            "",
            "what makes a node lose interest in a rumour",
            {"feedback", "blind"}},
           {"stop_by",
            0,
            1,
            0,
            "",
            "after k times, or each time with chance 1/k",
            {"counter", "coin"}},
           {"k", 1, 20, 2, "", "of losing interest"},
           {"backup", 0, 1, 0, "", "1: the second half of the rounds is anti-entropy"},
           {"rounds", 1, 100, 20, "", "then the run ends"},
           {"interval", 10, 10'000, 50, "ms", "from round to round"},
           {"size", 1, 100'000, 100, "bytes", "of the update, for the plot"}},
      .defaults = {{"time_limit", "10000"}},
      .properties = {{"no_invention", PropertyKind::safety,
                      "Who knows the update made it, or was told by one who knew."},
                     {"everyone", PropertyKind::liveness,
                      "Everyone who is up comes to know the update."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check,
      .plot = plot};
  return kDeclaration;
}

}  // namespace ostraka::lab
