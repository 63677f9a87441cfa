#include "cli/bench_command.h"

#include <gtest/gtest.h>

namespace ostraka::cli {
namespace {

TEST(BenchArguments, ARateIsOneStageThatGoesOn) {
  BenchArguments arguments;
  arguments.rate = "5000";
  arguments.load.seconds = 7;
  arguments.load.warmup_seconds = 2;
  ASSERT_TRUE(read_bench_arguments(arguments).has_value());
  ASSERT_EQ(arguments.load.stages.size(), 1U);
  EXPECT_EQ(arguments.load.stages[0].rate, 5000);
  EXPECT_EQ(arguments.load.seconds, 7);
}

TEST(BenchArguments, StagesBringTheirOwnTime) {
  BenchArguments arguments;
  arguments.rate = "7000:10,20000:2.5";
  ASSERT_TRUE(read_bench_arguments(arguments).has_value());
  ASSERT_EQ(arguments.load.stages.size(), 2U);
  EXPECT_EQ(arguments.load.stages[1].rate, 20000);
  EXPECT_EQ(arguments.load.stages[1].seconds, 2.5);
  EXPECT_EQ(arguments.load.seconds, 12.5);
}

TEST(BenchArguments, NoRateOrZeroIsAClosedLoop) {
  for (const char* text : {"", "0"}) {
    BenchArguments arguments;
    arguments.rate = text;
    ASSERT_TRUE(read_bench_arguments(arguments).has_value()) << text;
    EXPECT_TRUE(arguments.load.stages.empty());
  }
}

TEST(BenchArguments, RefusesOtherRates) {
  for (const char* text : {"x", "5x", "-5", "5:", "5:0", "5:-1", "5,6", "5:1,6", "0:5", "5:1:2"}) {
    BenchArguments arguments;
    arguments.rate = text;
    EXPECT_FALSE(read_bench_arguments(arguments).has_value()) << text;
  }
  BenchArguments arguments;
  arguments.rate = "5:1";
  arguments.load.warmup_seconds = 1;
  EXPECT_FALSE(read_bench_arguments(arguments).has_value());
}

TEST(BenchArguments, ConsistencyOfReads) {
  BenchArguments arguments;
  ASSERT_TRUE(read_bench_arguments(arguments).has_value());
  EXPECT_FALSE(arguments.load.stale_ms.has_value());
  arguments.consistency = "bounded:500ms";
  ASSERT_TRUE(read_bench_arguments(arguments).has_value());
  EXPECT_EQ(arguments.load.stale_ms, 500U);
  for (const char* text : {"bounded", "bounded:ms", "bounded:5", "bounded:-5ms", "bounded:5sms"}) {
    arguments.consistency = text;
    EXPECT_FALSE(read_bench_arguments(arguments).has_value()) << text;
  }
}

}  // namespace
}  // namespace ostraka::cli
