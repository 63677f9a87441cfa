#include "protocol/engines/engines.h"

#include <gtest/gtest.h>

#include <set>

namespace ostraka::protocol {
namespace {

TEST(Engines, NamesAndNumbersAreUniqueAndFoundBothWays) {
  std::set<std::string_view> names;
  std::set<std::uint8_t> numbers;
  for (const Engine& engine : engines()) {
    EXPECT_TRUE(names.insert(engine.name).second) << engine.name;
    EXPECT_TRUE(numbers.insert(engine.number).second) << engine.name;
    EXPECT_EQ(find_engine(engine.name), &engine);
    EXPECT_EQ(find_engine(engine.number), &engine);
    EXPECT_NE(engine_names().find(engine.name), std::string::npos);
  }
  EXPECT_EQ(find_engine("zebra"), nullptr);
  EXPECT_EQ(find_engine(std::uint8_t{0}), nullptr);
}

// They are on disks.
TEST(Engines, NumbersStay) {
  EXPECT_EQ(find_engine(kDefaultEngine)->number, 1);
  EXPECT_EQ(find_engine("multi-paxos")->number, 2);
}

}  // namespace
}  // namespace ostraka::protocol
