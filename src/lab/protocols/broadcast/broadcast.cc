#include "lab/protocols/broadcast/broadcast.h"

#include "base/prng.h"
#include "lab/protocols/broadcast/member.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ostraka::lab {
namespace {

Operation say(std::int64_t ms, std::string process, std::string value) {
  return {.at = base::Instant() + base::Duration::milliseconds(ms),
          .process = std::move(process),
          .kind = "broadcast",
          .fields = {{"value", std::move(value)}}};
}

Operation answer(std::string process, std::string to, std::string value) {
  return {.at = base::Instant(),
          .process = std::move(process),
          .kind = "answer",
          .fields = {{"to", std::move(to)}, {"value", std::move(value)}}};
}

Setup make(const RunContext& context) {
  const Parameters& parameters = context.parameters;
  Setup setup;
  for (std::int64_t i = 1; i <= parameters["members"]; ++i) {
    setup.processes.push_back({fmt::format("p{}", i), "member", [parameters](const Birth& birth) {
                                 return std::make_unique<group::Member>(birth, parameters);
                               }});
  }
  base::Prng prng(context.seed);
  for (std::int64_t i = 1; i <= parameters["operations"]; ++i) {
    setup.inputs.push_back(say(10 * i, fmt::format("p{}", prng.between(1, parameters["members"])),
                               fmt::format("m{}", i)));
  }
  return setup;
}

struct Sent {
  ProcessId origin;
  EventId event;
  // What its origin had broadcast or delivered before: its causes.
  std::set<std::string> past;
};

// The checker's own account of a run.
struct Account {
  std::map<std::string, Sent> sent;
  std::map<ProcessId, std::set<std::string>> delivered;
  std::map<std::string, std::vector<EventId>> deliveries;
};

void take_delivery(const Record& record, const RecordEvent& event, Account& account, Judge& judge) {
  const std::string& value = event.fields.text("value");
  const std::string& who = record.name_of(event.process);
  const auto sent = account.sent.find(value);
  if (sent == account.sent.end()) {
    judge.violated("no_creation", {event.id},
                   fmt::format("{} delivers {}, which nobody has broadcast", who, value));
    return;
  }
  std::set<std::string>& before = account.delivered[event.process];
  for (const std::string& cause : sent->second.past) {
    if (before.contains(cause)) {
      continue;
    }
    const Sent& missing = account.sent.at(cause);
    judge.violated(
        "causal_order", {missing.event, sent->second.event, event.id},
        fmt::format("{} delivers {} without {}, which came before it", who, value, cause));
    if (missing.origin == sent->second.origin) {
      judge.violated("fifo_order", {missing.event, sent->second.event, event.id},
                     fmt::format("{} delivers {} without {}, which {} sent earlier", who, value,
                                 cause, record.name_of(missing.origin)));
    }
  }
  if (!before.insert(value).second) {
    judge.violated("no_duplicate", {event.id}, fmt::format("{} delivers {} twice", who, value));
  }
  account.deliveries[value].push_back(event.id);
}

Account account_of(const Record& record, Judge& judge) {
  Account account;
  std::map<ProcessId, std::set<std::string>> own;
  for (const RecordEvent& event : record.events) {
    if (event.kind != EventKind::output) {
      continue;
    }
    if (event.topic == "broadcast") {
      const std::string& value = event.fields.text("value");
      std::set<std::string> past = account.delivered[event.process];
      past.insert(own[event.process].begin(), own[event.process].end());
      account.sent[value] = {event.process, event.id, std::move(past)};
      own[event.process].insert(value);
    } else if (event.topic == "deliver") {
      take_delivery(record, event, account, judge);
    }
  }
  return account;
}

void check(const RunContext&, const Record& record, Judge& judge) {
  const Account account = account_of(record, judge);
  std::set<ProcessId> correct;  // never crashed
  for (std::uint32_t i = 1; i <= record.processes.size(); ++i) {
    correct.insert(ProcessId{i});
  }
  for (const RecordEvent* event : events_of(record, EventKind::crash)) {
    correct.erase(event->process);
  }
  std::string invalid;
  std::string split;
  std::vector<EventId> example;
  for (const auto& [value, sent] : account.sent) {
    std::size_t reached = 0;
    for (const ProcessId process : correct) {
      const auto it = account.delivered.find(process);
      reached += it != account.delivered.end() && it->second.contains(value) ? 1 : 0;
    }
    if (reached < correct.size() && correct.contains(sent.origin)) {
      invalid = value;
    }
    if (reached > 0 && reached < correct.size()) {
      split = value;
      example = account.deliveries.at(value);
    }
  }
  judge.eventually("validity", invalid.empty(), {},
                   invalid.empty() ? "what correct members broadcast, all of them deliver"
                                   : invalid + " is not delivered by all correct members");
  judge.eventually("agreement", split.empty(), example,
                   split.empty() ? "correct members deliver the same messages"
                                 : split + " is delivered by some correct members only");
}

std::vector<Setting> steady_with(std::string_view guarantee) {
  return {{"guarantee", guarantee}, {"operations", "0"}, {"delay_min", "10"}, {"delay_max", "10"}};
}

const std::vector<std::string_view> kCrash{"drop p1.p3.message.1", "crash p1 at 1ms"};
const std::vector<std::string_view> kFirstIsLate{"delay p1.p2.message.1 60ms"};
const std::vector<std::string_view> kQuestionIsLate{"delay p1.p3.message.1 60ms",
                                                    "delay p2.p3.relay.1 60ms"};
std::vector<Operation> two() { return {say(0, "p1", "first"), say(5, "p1", "second")}; }
std::vector<Operation> talk() {
  return {answer("p2", "question", "answer"), say(0, "p1", "question")};
}

std::vector<Scenario> scenarios() {
  return {{.name = "exchange",
           .kind = ScenarioKind::normal,
           .title = "Three members broadcast as it comes: causal order at each of them"},
          {.name = "best_effort",
           .kind = ScenarioKind::normal,
           .title = "Best effort, nobody fails: everybody delivers everything",
           .set = steady_with("best_effort"),
           .inputs = {say(0, "p1", "red"), say(30, "p2", "green"), say(60, "p3", "blue")}},
          {.name = "best_effort_crash",
           .kind = ScenarioKind::famous_failure,
           .title = "Best effort: the sender dies half way, one member knows and one does not",
           .set = steady_with("best_effort"),
           .inputs = {say(0, "p1", "red")},
           .interventions = kCrash,
           .expect = {{"agreement", Verdict::violated}}},
          {.name = "reliable_crash",
           .kind = ScenarioKind::famous_fix,
           .title = "Reliable: who delivers passes it on first, so all or none",
           .set = steady_with("reliable"),
           .inputs = {say(0, "p1", "red")},
           .interventions = kCrash},
          {.name = "reliable_late",
           .kind = ScenarioKind::famous_failure,
           .title = "Reliable, but the second message overtakes the first",
           .set = steady_with("reliable"),
           .inputs = two(),
           .interventions = kFirstIsLate,
           .expect = {{"fifo_order", Verdict::violated}, {"causal_order", Verdict::violated}}},
          {.name = "fifo_late",
           .kind = ScenarioKind::famous_fix,
           .title = "FIFO: the second waits for the first",
           .set = steady_with("fifo"),
           .inputs = two(),
           .interventions = kFirstIsLate},
          {.name = "fifo_answer",
           .kind = ScenarioKind::famous_failure,
           .title = "FIFO, but of two senders: p3 hears the answer before the question",
           .set = steady_with("fifo"),
           .inputs = talk(),
           .interventions = kQuestionIsLate,
           .expect = {{"causal_order", Verdict::violated}}},
          {.name = "causal_answer",
           .kind = ScenarioKind::famous_fix,
           .title = "Causal: the answer waits for its question",
           .set = steady_with("causal"),
           .inputs = talk(),
           .interventions = kQuestionIsLate}};
}

}  // namespace

const Declaration& broadcast() {
  static const Declaration kDeclaration{
      .name = "broadcast",
      .title = "Broadcast: best effort, reliable, FIFO, causal",
      .family = "broadcast",
      .summary = "One to all, in four strengths; each shows what the weaker one gets wrong.",
      .assumptions = {"Members may crash, and do not come back.",
                      "What a member that is up sends to another that is up arrives, at any time.",
                      "Nothing is known of clocks."},
      .steps = {{"The origin sends the message with its number, and what it has delivered so far, "
                 "to all.",
                 "Hadzilacos and Toueg 1994, section 3; Birman and others 1991, section 5.1"},
                {"Reliable and above: who gets a message for the first time passes it on to all, "
                 "and only then goes on.",
                 "Hadzilacos and Toueg 1994, section 4 (reliable broadcast by diffusion)"},
                {"FIFO: a message waits for all earlier ones of its origin.",
                 "Hadzilacos and Toueg 1994, section 5 (FIFO broadcast)"},
                {"Causal: a message waits for all that its origin had delivered when it sent.",
                 "Birman, Schiper and Stephenson 1991, section 5.1"},
                {"A message that need not wait is delivered.", "Hadzilacos and Toueg 1994"}},
      .parameters =
          {{"members", 2, 8, 3, "", "processes p1, p2, …"},
           {"operations", 0, 60, 10, "", "broadcasts drawn from the seed"},
           {"guarantee", 0, 3, 0, "", "strength", {"causal", "fifo", "reliable", "best_effort"}}},
      .properties = {{"no_creation", PropertyKind::safety, "Only what was broadcast is delivered."},
                     {"no_duplicate", PropertyKind::safety, "Nobody delivers a message twice."},
                     {"fifo_order", PropertyKind::safety,
                      "Messages of one origin are delivered in the order in which it sent them."},
                     {"causal_order", PropertyKind::safety,
                      "Nobody delivers a message without what came before it."},
                     {"validity", PropertyKind::liveness,
                      "What a member that never crashed broadcasts, all such members deliver."},
                     {"agreement", PropertyKind::liveness,
                      "What one member that never crashed delivers, all such members deliver."}},
      .scenarios = scenarios(),
      .make = make,
      .check = check};
  return kDeclaration;
}

}  // namespace ostraka::lab
