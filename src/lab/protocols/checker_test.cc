// Checkers against records that were tampered with: what no scenario can make go wrong, because no
// process does it, the checker must still find. And what the pages promise to whoever tries.
#include "lab/core/export.h"
#include "lab/protocols/all.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ostraka::lab {
namespace {

constexpr std::uint64_t kSeed = 3;

Record run_of(const std::string& protocol) {
  auto record = all_protocols().run(
      {.protocol = protocol, .scenario = {}, .seed = kSeed, .set = {}, .interventions = {}});
  EXPECT_TRUE(record.has_value());
  return record.has_value() ? std::move(*record) : Record();
}

// Judges the record again, and gives the verdict on one property.
Verdict verdict_on(Record& record, std::string_view property) {
  for (Judgement& each : record.properties) {
    each.verdict = each.kind == PropertyKind::safety ? Verdict::held : Verdict::open;
  }
  const Parameters parameters({});
  const auto entry = all_protocols().find(record.protocol);
  EXPECT_TRUE(entry.has_value());
  Judge judge(record);
  const Record copy = record;
  entry->declaration->check({.parameters = parameters, .scenario = {}, .seed = kSeed}, copy, judge);
  return std::ranges::find(record.properties, property, &Judgement::name)->verdict;
}

RecordEvent& last_delivery(Record& record) {
  const auto last =
      std::find_if(record.events.rbegin(), record.events.rend(), [](const RecordEvent& event) {
        return event.kind == EventKind::output && event.topic == "deliver";
      });
  return *last;
}

class OfBroadcasts : public testing::TestWithParam<const char*> {};

TEST_P(OfBroadcasts, FindWhatNobodySent) {
  Record record = run_of(GetParam());
  EXPECT_EQ(verdict_on(record, "no_creation"), Verdict::held);
  last_delivery(record).fields.set("value", "forged");
  EXPECT_EQ(verdict_on(record, "no_creation"), Verdict::violated);
}

TEST_P(OfBroadcasts, FindWhatIsDeliveredTwice) {
  Record record = run_of(GetParam());
  EXPECT_EQ(verdict_on(record, "no_duplicate"), Verdict::held);
  RecordEvent again = last_delivery(record);
  again.id = EventId{static_cast<std::uint32_t>(record.events.size() + 1)};
  record.events.push_back(again);
  EXPECT_EQ(verdict_on(record, "no_duplicate"), Verdict::violated);
}

INSTANTIATE_TEST_SUITE_P(Checkers, OfBroadcasts, testing::Values("broadcast", "total_order"),
                         [](const auto& info) { return std::string(info.param); });

// Two acceptors crash with a value that never reached their disks: it was not chosen.
TEST(OneValue, CountsNoAcceptanceThatACrashUndid) {
  const auto record =
      all_protocols().run({.protocol = "basic_paxos",
                           .scenario = "stable_acceptor",
                           .seed = 1,
                           .set = {{"disk", "20"}, {"delay_min", "10"}, {"delay_max", "10"}},
                           .interventions = {"crash a1 at 75ms", "crash a2 at 75ms",
                                             "restart a1 at 80ms", "crash p1 at 75ms"}});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(outputs_of(*record, "accepted").size(), 4U) << to_listing(*record);
  const auto found = std::ranges::find(record->properties, "agreement", &Judgement::name);
  EXPECT_EQ(found->verdict, Verdict::held) << found->sentence;
}

// docs/lab/version_vectors.md: b1 comes again after it was read and replaced, as a new write.
TEST(VersionVectors, KeepWhatArrivesTwice) {
  const auto record = all_protocols().run({.protocol = "version_vectors",
                                           .scenario = "dotted",
                                           .seed = 1,
                                           .set = {},
                                           .interventions = {"duplicate c2.s1.put.1 100ms"}});
  ASSERT_TRUE(record.has_value());
  const auto found = std::ranges::find(record->properties, "true_siblings", &Judgement::name);
  EXPECT_EQ(found->verdict, Verdict::violated);
}

// docs/lab/total_order.md: with a disk that takes time, delivering and counting are two steps.
TEST(TotalOrder, DeliversTwiceWhenItsCountWasNotDurable) {
  const auto record =
      all_protocols().run({.protocol = "total_order",
                           .scenario = "rejoin",
                           .seed = 1,
                           .set = {{"disk", "20"}},
                           .interventions = {"crash p3 at 140ms", "restart p3 at 160ms"}});
  ASSERT_TRUE(record.has_value());
  const auto found = std::ranges::find(record->properties, "no_duplicate", &Judgement::name);
  EXPECT_EQ(found->verdict, Verdict::violated) << to_listing(*record);
}

}  // namespace
}  // namespace ostraka::lab
