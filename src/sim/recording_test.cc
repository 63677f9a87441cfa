// Runs of the simulator as records of the laboratory: they keep the format's rules, show a
// violation with its events, and change nothing.
#include "sim/recording.h"

#include "lab/core/export.h"
#include "lab/testing/record_rules.h"
#include "sim/mutants.h"
#include "sim/runner.h"
#include "sim/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ostraka::sim {
namespace {

using base::Duration;
using base::Instant;

Instant at_ms(std::int64_t ms) { return Instant() + Duration::milliseconds(ms); }

RunResult run(const std::string& name, const std::string& mutant,
              std::optional<Recording::Window> window) {
  for (const auto& [each, text] : builtin_scenarios()) {
    if (each == name) {
      RunOptions options;
      options.window = window;
      if (!mutant.empty()) {
        options.mutants = parse_mutant(mutant).value();
      }
      return run_scenario(parse_scenario(name, text).value(), options).value();
    }
  }
  ADD_FAILURE() << "no scenario " << name;
  return {};
}

RunResult run_text(const std::string& text, std::optional<Recording::Window> window) {
  RunOptions options;
  options.window = window;
  return run_scenario(parse_scenario("test", text).value(), options).value();
}

std::size_t count(const lab::Record& record, lab::EventKind kind) {
  return static_cast<std::size_t>(std::ranges::count(record.events, kind, &lab::RecordEvent::kind));
}

TEST(Recording, AFailedRunShowsItsViolation) {
  for (const auto& [scenario, mutant, rule] :
       {std::tuple{"s2_vote_power", "raft:vote_before_durable", "R1"},
        std::tuple{"d1_ack_power", "raft:ack_before_durable", "R7"}}) {
    const RunResult result = run(scenario, mutant, Recording::Window{});
    ASSERT_TRUE(result.record.has_value());
    const lab::Record& record = *result.record;
    EXPECT_EQ(lab::broken_rules(lab::to_json(record)), std::vector<std::string>{});
    ASSERT_EQ(record.properties.size(), 1U);
    const lab::Judgement& safety = record.properties.front();
    EXPECT_EQ(safety.verdict, lab::Verdict::violated);
    EXPECT_NE(safety.sentence.find(rule), std::string::npos) << safety.sentence;
    ASSERT_FALSE(safety.events.empty());
    const lab::RecordEvent& last = record.event(safety.events.back());
    EXPECT_EQ(last.topic, "violation");
    EXPECT_EQ(last.id.value(), record.events.size());  // the run ends there
    EXPECT_EQ(last.at, record.end);
    EXPECT_GT(count(record, lab::EventKind::receive), 0U);
  }
}

TEST(Recording, TheMachinesThatAViolationNamesAreItsEvents) {
  const RunResult result = run("s2_vote_power", "raft:vote_before_durable", Recording::Window{});
  ASSERT_TRUE(result.record.has_value());
  const lab::Judgement& safety = result.record->properties.front();
  // R1: two nodes lead one term.
  ASSERT_NE(safety.sentence.find("lead term"), std::string::npos) << safety.sentence;
  std::set<std::string> machines;
  for (const lab::EventId id : safety.events) {
    machines.insert(result.record->name_of(result.record->event(id).process));
  }
  EXPECT_GE(machines.size(), 2U);
}

TEST(Recording, MessagesAreMatchedWithTheirArrivals) {
  const RunResult result = run_text("nodes 3\nworkload registers clients=2\nrun 3000\n",
                                    Recording::Window{.from = at_ms(1000), .until = at_ms(3000)});
  EXPECT_EQ(result.violation, "");
  ASSERT_TRUE(result.record.has_value());
  const lab::Record& record = *result.record;
  EXPECT_EQ(lab::broken_rules(lab::to_json(record)), std::vector<std::string>{});
  const auto delivered =
      std::ranges::count(record.messages, lab::Fate::delivered, &lab::RecordMessage::fate);
  EXPECT_GT(record.messages.size(), 100U);
  // Nothing breaks here: all but those under way at the end arrive.
  EXPECT_LE(record.messages.size() - static_cast<std::size_t>(delivered), 20U);
  EXPECT_EQ(std::ranges::count(record.messages, lab::Fate::lost, &lab::RecordMessage::fate), 0);
  EXPECT_EQ(record.properties.front().verdict, lab::Verdict::held);
}

TEST(Recording, FaultsAreShown) {
  const RunResult result = run_text(
      "nodes 3\nworkload registers clients=1\n"
      "at 1500 cut n1 n2\nat 1800 heal\nat 2000 crash n3 power\nat 2300 restart n3\n"
      "at 2500 pause n2 100\nat 2700 disk n1 slow 5\nrun 3000\n",
      Recording::Window{.from = at_ms(1000), .until = at_ms(3000)});
  ASSERT_TRUE(result.record.has_value());
  const lab::Record& record = *result.record;
  EXPECT_EQ(lab::broken_rules(lab::to_json(record)), std::vector<std::string>{});
  for (const lab::EventKind kind :
       {lab::EventKind::partition, lab::EventKind::heal, lab::EventKind::crash,
        lab::EventKind::restart, lab::EventKind::pause, lab::EventKind::resume}) {
    EXPECT_EQ(count(record, kind), 1U) << name_of(kind);
  }
  EXPECT_TRUE(std::ranges::any_of(record.events, [](const lab::RecordEvent& event) {
    return event.topic == "fault" && event.text == "disk n1 slow 5";
  }));
  EXPECT_TRUE(std::ranges::any_of(record.messages, [](const lab::RecordMessage& message) {
    return message.why == "n3 is down";
  }));
}

TEST(Recording, APartOfARunSaysWhatWasBefore) {
  const char* const text =
      "nodes 3\nworkload registers clients=1\n"
      "at 1500 crash n3 process\nat 1600 cut n1 n2\nat 4000 heal\nrun 5000\n";
  const RunResult result =
      run_text(text, Recording::Window{.from = at_ms(2000), .until = at_ms(2500)});
  ASSERT_TRUE(result.record.has_value());
  const lab::Record& record = *result.record;
  EXPECT_EQ(lab::broken_rules(lab::to_json(record)), std::vector<std::string>{});
  ASSERT_FALSE(record.remarks.empty());
  EXPECT_NE(record.remarks.front().find("A part of the run"), std::string::npos);
  EXPECT_GE(record.events.front().at, at_ms(2000));
  EXPECT_LE(record.end, at_ms(2500));
  EXPECT_EQ(count(record, lab::EventKind::partition), 1U);  // still there
  EXPECT_EQ(count(record, lab::EventKind::crash), 1U);      // n3 is down
  EXPECT_TRUE(std::ranges::any_of(record.events, [](const lab::RecordEvent& event) {
    return event.topic == "before" && !event.state.empty();
  }));
}

TEST(Recording, ChangesNothingAndIsFixedByTheRun) {
  const char* const text =
      "nodes 3\nworkload registers clients=2\nat 1000 crash leader power\nat 1500 restart all\n"
      "run 3000\n";
  const RunResult plain = run_text(text, std::nullopt);
  const RunResult once = run_text(text, Recording::Window{});
  const RunResult again = run_text(text, Recording::Window{});
  EXPECT_EQ(plain.trace_hash, once.trace_hash);
  EXPECT_FALSE(plain.record.has_value());
  ASSERT_TRUE(once.record.has_value());
  EXPECT_EQ(lab::hash_of(*once.record), lab::hash_of(again.record.value()));
}

}  // namespace
}  // namespace ostraka::sim
