// What the runtime promises to processes and people, on a protocol made for it: a sends numbered
// messages to b, b writes them down and answers.
#include "lab/core/catalogue.h"
#include "lab/core/export.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ostraka::lab {
namespace {

using testing::HasSubstr;

class Sender final : public Process {
 public:
  void step(const Event& event, Effects& effects) override {
    if (std::holds_alternative<Started>(event.body) ||
        std::holds_alternative<TimerFired>(event.body)) {
      effects.send(ProcessId{2}, "item", {{"number", ++number_}});
      if (number_ < 10) {
        effects.arm("next", event.now + base::Duration::milliseconds(10));
      }
      effects.arm("never", event.now + base::Duration::seconds(1));
      effects.disarm("never");
    }
  }

 private:
  int number_ = 0;
};

class Keeper final : public Process {
 public:
  explicit Keeper(const Birth& birth) {
    const auto at = birth.storage->find("last");
    last_ = at == birth.storage->end() ? 0 : at->second.integer();
  }
  void step(const Event& event, Effects& effects) override {
    if (const auto* got = std::get_if<Received>(&event.body)) {
      last_ = got->message->fields.integer("number");
      effects.write("last", last_);
      effects.send_after_durable(got->from, "kept", {{"number", last_}});
      effects.output("got", {{"number", last_}});
    } else if (std::holds_alternative<Started>(event.body)) {
      effects.output("woke", {{"last", last_}});
    }
  }

 private:
  std::int64_t last_ = 0;
};

Setup make(const RunContext&) {
  return {.processes = {
              {"a", "sender", [](const Birth&) { return std::make_unique<Sender>(); }},
              {"b", "keeper", [](const Birth& birth) { return std::make_unique<Keeper>(birth); }}}};
}

const Declaration& declaration() {
  static const Declaration kItems{
      .name = "items",
      .title = "Items",
      .properties = {{"done", PropertyKind::liveness, ""}},
      .scenarios = {{.name = "plain"}},
      .make = make,
      .check = [](const RunContext&, const Record& record, Judge& judge) {
        judge.eventually("done", outputs_of(record, "got").size() >= 10, {}, "all");
      }};
  return kItems;
}

Record run_with(std::vector<std::string> interventions,
                std::vector<std::pair<std::string, std::string>> set = {}) {
  const auto record = run(declaration(), {.protocol = "items",
                                          .scenario = {},
                                          .seed = 5,
                                          .set = std::move(set),
                                          .interventions = std::move(interventions)});
  EXPECT_TRUE(record.has_value()) << record.error().context;
  return record.value_or(Record{});
}

std::string problem_with(std::vector<std::string> interventions,
                         std::vector<std::pair<std::string, std::string>> set = {}) {
  const auto record = run(declaration(), {.protocol = "items",
                                          .scenario = {},
                                          .seed = 5,
                                          .set = std::move(set),
                                          .interventions = std::move(interventions)});
  return record.has_value() ? "" : record.error().context;
}

const RecordMessage& message_of(const Record& record, const std::string& id) {
  return *std::ranges::find(record.messages, id, &RecordMessage::id);
}

TEST(LabWorld, EndsQuietWhenNothingIsLeft) {
  const Record record = run_with({});
  EXPECT_EQ(record.end_reason, EndReason::quiet);
  EXPECT_LT(record.end, base::Instant() + base::Duration::milliseconds(200));
  EXPECT_EQ(record.properties[0].verdict, Verdict::held);
}

// The heart of forks: what the intervention does not touch keeps its identity, delay and content.
TEST(LabWorld, ADropChangesOnlyWhatItCauses) {
  const Record plain = run_with({});
  const Record fork = run_with({"drop a.b.item.4"});
  EXPECT_EQ(message_of(fork, "a.b.item.4").why, "intervention");
  EXPECT_EQ(fork.properties[0].verdict, Verdict::violated);
  for (const RecordMessage& message : fork.messages) {
    if (message.kind == "item" && message.id != "a.b.item.4") {
      EXPECT_EQ(message.ends, message_of(plain, message.id).ends) << message.id;
    }
  }
}

TEST(LabWorld, DelaysAndDuplicatesWhatIsNamed) {
  const Record plain = run_with({});
  const Record fork = run_with({"delay a.b.item.2 70ms", "duplicate a.b.item.3 5ms"}, {});
  EXPECT_EQ(message_of(fork, "a.b.item.2").ends,
            message_of(plain, "a.b.item.2").ends + base::Duration::milliseconds(70));
  EXPECT_EQ(message_of(fork, "a.b.item.3+1").fate, Fate::delivered);
  EXPECT_EQ(outputs_of(fork, "got").size(), 11U);
}

TEST(LabWorld, ACrashLosesWhatIsNotDurable) {
  const std::vector<std::pair<std::string, std::string>> slow_disk{
      {"disk", "30"}, {"delay_min", "10"}, {"delay_max", "10"}};
  // Items arrive at 10, 20, 30 …; the first is durable at 40, the second at 50.
  const Record record = run_with({"crash b at 45ms", "restart b at 300ms"}, slow_disk);
  const auto woke = outputs_of(record, "woke");
  ASSERT_EQ(woke.size(), 2U);
  EXPECT_EQ(woke[1]->fields.integer("last"), 1);
  EXPECT_EQ(std::ranges::count(record.messages, "kept", &RecordMessage::kind), 1);
  EXPECT_EQ(message_of(record, "a.b.item.5").why, "b is down");
  EXPECT_EQ(message_of(record, "a.b.item.5").fate, Fate::lost);
}

TEST(LabWorld, APausedProcessTakesEverythingLater) {
  const Record record = run_with({"pause b at 1ms for 400ms"});
  const auto got = outputs_of(record, "got");
  ASSERT_EQ(got.size(), 10U);
  EXPECT_EQ(got.front()->at, base::Instant() + base::Duration::milliseconds(401));
}

TEST(LabWorld, APartitionLosesWhatMeetsIt) {
  const Record record =
      run_with({"partition a|b at 25ms until 55ms"}, {{"delay_min", "10"}, {"delay_max", "10"}});
  std::vector<std::string> lost;
  for (const RecordMessage& message : record.messages) {
    if (message.why == "partition" && message.kind == "item") {
      lost.push_back(message.id);
    }
  }
  // Sent at 20 and arriving at 30; sent at 30, 40, 50; the one of 60 goes through.
  EXPECT_EQ(lost,
            (std::vector<std::string>{"a.b.item.3", "a.b.item.4", "a.b.item.5", "a.b.item.6"}));
}

TEST(LabWorld, FifoKeepsTheOrderOfALink) {
  const Record loose = run_with({}, {{"delay_min", "0"}, {"delay_max", "200"}});
  const Record fifo = run_with({}, {{"delay_min", "0"}, {"delay_max", "200"}, {"fifo", "1"}});
  const auto is_in_order = [](const Record& record) {
    return std::ranges::is_sorted(outputs_of(record, "got"), {}, [](const RecordEvent* event) {
      return event->fields.integer("number");
    });
  };
  EXPECT_FALSE(is_in_order(loose));
  EXPECT_TRUE(is_in_order(fifo));
}

TEST(LabWorld, TellsOfInterventionsThatDidNotAct) {
  const Record record =
      run_with({"drop a.b.item.99", "restart a at 5ms", "crash a at 20s", "delay a.b.item.1 1ms"});
  EXPECT_EQ(record.interventions[0].remark, "no such message in this run");
  EXPECT_EQ(record.interventions[1].remark, "a was up");
  EXPECT_EQ(record.interventions[2].remark, "the run ended before");
  EXPECT_TRUE(record.interventions[3].acted);
}

TEST(LabWorld, SaysWhatIsWrongWithARequest) {
  EXPECT_THAT(problem_with({"crash aa at 1ms"}), HasSubstr("unknown process 'aa'"));
  EXPECT_THAT(problem_with({"drop a.c.item.1"}), HasSubstr("unknown process 'c'"));
  EXPECT_THAT(problem_with({}, {{"los", "1"}}), HasSubstr("did you mean 'loss'?"));
  EXPECT_THAT(problem_with({}, {{"loss", "101"}}), HasSubstr("from 0 to 100 %"));
  EXPECT_THAT(problem_with({}, {{"delay_min", "50"}}), HasSubstr("above delay_max"));
}

TEST(LabWorld, StopsAtItsLimitsAndSaysSo) {
  const RunRequest request{
      .protocol = "items", .scenario = {}, .seed = 1, .set = {}, .interventions = {}};
  const auto few = run(declaration(), request, {.events = 12});
  EXPECT_EQ(few->end_reason, EndReason::event_limit);
  EXPECT_THAT(few->remarks.at(0), HasSubstr("at 12 events"));
  const auto small = run(declaration(), request, {.bytes = 500});
  EXPECT_EQ(small->end_reason, EndReason::output_limit);
  const Record brief = run_with({}, {{"time_limit", "50"}});
  EXPECT_EQ(brief.end_reason, EndReason::time_limit);
  EXPECT_EQ(brief.properties[0].verdict, Verdict::open);
}

// Vector clocks: a reception knows what its sender knew.
TEST(LabExport, ShiVizKnowsWhatHappenedBefore) {
  const std::string log = to_shiviz(run_with({}));
  EXPECT_THAT(log, HasSubstr(R"({"host":"a","clock":{"a":1},"event":"starts")"));
  EXPECT_THAT(log,
              HasSubstr(R"({"host":"b","clock":{"a":1,"b":3},"event":"item(number=1) from a")"));
}

TEST(LabExport, SvgMarksLossesAndOutputs) {
  const std::string svg = to_svg(run_with({"drop a.b.item.4"}));
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, HasSubstr("class=\"cross\""));
  EXPECT_THAT(svg, HasSubstr("class=\"output\""));
  EXPECT_THAT(svg, HasSubstr("lost: intervention"));
}

}  // namespace
}  // namespace ostraka::lab
