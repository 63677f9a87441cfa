#include "sim/step.h"

#include "protocol/raft/probe.h"

#include <gtest/gtest.h>

#include <sstream>

namespace ostraka::sim {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

std::optional<Step> parse(const std::string& text) {
  return parse_step(words_of(text), 7, protocol::raft::probe());
}

TEST(Step, AwaitTakesAlternativesAndALimit) {
  const auto step = parse("await down n2 or sent vote_ack n2 n1 within 300");
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->kind, Step::Kind::await);
  EXPECT_EQ(step->time, base::Duration::milliseconds(300));
  EXPECT_EQ(step->line, 7U);
  ASSERT_EQ(step->any_of.size(), 2U);
  EXPECT_EQ(step->any_of[0].kind, Condition::Kind::down);
  EXPECT_EQ(step->any_of[0].node, model::NodeId{2});
  EXPECT_EQ(step->any_of[1].kind, Condition::Kind::sent);
  EXPECT_EQ(step->any_of[1].rule.from, model::NodeId{2});
  EXPECT_EQ(step->any_of[1].rule.to, model::NodeId{1});
}

TEST(Step, ExpectDoesNotWait) {
  const auto step = parse("expect commit n1 < e");
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->time, base::Duration{});
  ASSERT_EQ(step->any_of.size(), 1U);
  const Condition& condition = step->any_of.front();
  EXPECT_EQ(condition.left.kind, Operand::Kind::commit);
  EXPECT_EQ(condition.compare, Compare::less);
  EXPECT_EQ(condition.right.kind, Operand::Kind::note);
  EXPECT_EQ(condition.right.note, "e");
}

TEST(Step, HoldNamesKindSenderAndReceiver) {
  const auto step = parse("hold append_own n1 any");
  ASSERT_TRUE(step.has_value());
  EXPECT_TRUE(step->rule.own_term);
  EXPECT_EQ(step->rule.from, model::NodeId{1});
  EXPECT_TRUE(step->rule.to.is_none());
}

TEST(Step, ChangeAddsOrRemoves) {
  const auto adds = parse("change n1 +n5");
  const auto removes = parse("change n2 -n1");
  ASSERT_TRUE(adds.has_value() && removes.has_value());
  EXPECT_TRUE(adds->adds);
  EXPECT_EQ(adds->other, model::NodeId{5});
  EXPECT_FALSE(removes->adds);
  EXPECT_EQ(removes->node, model::NodeId{2});
}

TEST(Step, WhatIsNoStepIsAFault) {
  const auto step = parse("crash n2 power");
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->kind, Step::Kind::fault);
  EXPECT_EQ(step->words.size(), 3U);
}

class Misspelt : public ::testing::TestWithParam<const char*> {};

TEST_P(Misspelt, IsRefused) { EXPECT_FALSE(parse(GetParam()).has_value()); }

INSTANTIATE_TEST_SUITE_P(
    Step, Misspelt,
    ::testing::Values("", "await", "await role n1 leader", "await role n1 = king",
                      "await commit n1", "await commit n1 < 5 6", "await commit n1 ~ 5",
                      "await up n1 or", "await up n1 within soon", "await sent gossip n1 n2",
                      "hold append n1", "hold append n1 x2", "release n1", "quiet", "elect all",
                      "elect n0", "change n1 n5", "change n1 +5", "transfer n1",
                      "die_at_event n2 0", "die_at_event n2 -1", "write n1 c1", "read c0 n1",
                      "wait", "wait long", "note e", "note e commit n1 2", "plant now"));

}  // namespace
}  // namespace ostraka::sim
