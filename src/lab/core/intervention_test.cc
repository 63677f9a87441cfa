#include "lab/core/intervention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ostraka::lab {
namespace {

using testing::HasSubstr;

std::string round_trip(std::string_view text) {
  const auto what = parse_intervention(text);
  return what.has_value() ? render(*what) : what.error().context;
}

TEST(LabIntervention, IsReadAndWrittenInTheSameWords) {
  for (const char* text :
       {"drop p1.a2.accept.1", "delay p1.a2.accept.1+1 50ms", "duplicate p1.a2.accept.1",
        "duplicate p1.a2.accept.1 7ms", "crash p1 at 120ms", "restart p1 at 1500us",
        "pause a1 at 0ms for 50ms", "partition p1,a1|a2,a3 at 120ms until 300ms",
        "partition a|b|c at 1ms until 2ms"}) {
    EXPECT_EQ(round_trip(text), text);
  }
  EXPECT_EQ(round_trip("  crash   p1 at 2s "), "crash p1 at 2000ms");
}

TEST(LabIntervention, SaysWhichFormIsRight) {
  EXPECT_THAT(round_trip("crash p1"), HasSubstr("'crash PROCESS at 120ms'"));
  EXPECT_THAT(round_trip("crash p1"), testing::Not(HasSubstr("restart")));
  EXPECT_THAT(round_trip("kill p1"), HasSubstr("'restart PROCESS at 300ms'"));
  EXPECT_THAT(round_trip(""), HasSubstr("is no intervention"));
  EXPECT_THAT(round_trip("crash p1 at noon"), HasSubstr("'noon' is no time"));
  EXPECT_THAT(round_trip("crash p1 at -5ms"), HasSubstr("is no time"));
  EXPECT_THAT(round_trip("crash p1 at 99999999999999999999s"), HasSubstr("is no time"));
  EXPECT_THAT(round_trip("crash p1 at 3601s"), HasSubstr("at most an hour"));
  EXPECT_THAT(round_trip("partition a at 1ms until 2ms"), HasSubstr("two groups"));
  EXPECT_THAT(round_trip("partition a|b at 2ms until 2ms"), HasSubstr("an end behind its start"));
}

}  // namespace
}  // namespace ostraka::lab
