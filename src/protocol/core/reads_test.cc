#include "protocol/core/reads.h"

#include <gtest/gtest.h>

namespace ostraka::protocol {
namespace {

base::Instant at(std::int64_t ms) { return base::Instant{} + base::Duration::milliseconds(ms); }

PendingRead read(std::uint64_t id, std::int64_t deadline) {
  return {.id = RequestId{id}, .deadline = at(deadline)};
}

TEST(PendingReads, OneRoundServesAllThatWaitedWhenItBegan) {
  PendingReads reads;
  ASSERT_TRUE(reads.add(read(1, 10)));
  ASSERT_TRUE(reads.add(read(2, 20)));
  EXPECT_TRUE(reads.wants_round());
  EXPECT_FALSE(reads.take_ready(false, 100).has_value());  // no round has been begun for them
  reads.begin_round(7, model::LogIndex{40});
  ASSERT_TRUE(reads.add(read(3, 30)));
  EXPECT_FALSE(reads.wants_round());
  EXPECT_FALSE(reads.take_ready(false, 6).has_value());
  for (const std::uint64_t id : {1U, 2U}) {
    const auto ready = reads.take_ready(false, 7);
    ASSERT_TRUE(ready.has_value());
    EXPECT_EQ(ready->id, RequestId{id});
    EXPECT_EQ(ready->index, model::LogIndex{40});
  }
  EXPECT_FALSE(reads.take_ready(false, 7).has_value());  // the third came after it
  EXPECT_TRUE(reads.wants_round());
  EXPECT_EQ(reads.take_ready(true, 0)->id, RequestId{3});
  EXPECT_TRUE(reads.empty());
}

TEST(PendingReads, ExpireInOrder) {
  PendingReads reads;
  EXPECT_EQ(reads.deadline(), base::Instant::never());
  ASSERT_TRUE(reads.add(read(1, 10)));
  ASSERT_TRUE(reads.add(read(2, 20)));
  EXPECT_EQ(reads.deadline(), at(10));
  EXPECT_FALSE(reads.take_expired(at(9)).has_value());
  EXPECT_EQ(reads.take_expired(at(10))->id, RequestId{1});
  EXPECT_FALSE(reads.take_expired(at(10)).has_value());
  EXPECT_EQ(reads.take()->id, RequestId{2});
  EXPECT_FALSE(reads.take().has_value());
}

TEST(PendingReads, AreBounded) {
  PendingReads reads;
  for (std::size_t i = 0; i < kPendingReadsMax; ++i) {
    ASSERT_TRUE(reads.add(read(i, 10)));
  }
  EXPECT_FALSE(reads.add(read(0, 10)));
}

TEST(ForwardedReads, AnswersComeInAnyOrderAndOnce) {
  ForwardedReads reads;
  reads.start_numbers_at(100);
  EXPECT_EQ(reads.add(RequestId{1}, at(10)), 101U);
  EXPECT_EQ(reads.add(RequestId{2}, at(20)), 102U);
  EXPECT_EQ(reads.add(RequestId{3}, at(30)), 103U);
  EXPECT_FALSE(reads.take_answered(100).has_value());
  EXPECT_FALSE(reads.take_answered(104).has_value());
  EXPECT_EQ(reads.take_answered(102), RequestId{2});
  EXPECT_FALSE(reads.take_answered(102).has_value());
  EXPECT_EQ(reads.take_answered(101), RequestId{1});
  EXPECT_EQ(reads.deadline(), at(30));
  EXPECT_EQ(reads.take_answered(103), RequestId{3});
  EXPECT_FALSE(reads.take_answered(103).has_value());
  EXPECT_EQ(reads.add(RequestId{4}, at(40)), 104U);
}

TEST(ForwardedReads, WhatIsAnsweredNeitherExpiresNorFails) {
  ForwardedReads reads;
  const auto first = reads.add(RequestId{1}, at(10));
  const auto second = reads.add(RequestId{2}, at(20));
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(reads.add(RequestId{3}, at(20)).has_value());
  EXPECT_EQ(reads.take_answered(*second), RequestId{2});
  EXPECT_EQ(reads.take_expired(at(10)), RequestId{1});
  EXPECT_FALSE(reads.take_expired(at(19)).has_value());
  EXPECT_EQ(reads.take(), RequestId{3});
  EXPECT_FALSE(reads.take().has_value());
}

TEST(ForwardedReads, AreBounded) {
  ForwardedReads reads;
  for (std::size_t i = 0; i < kPendingReadsMax; ++i) {
    ASSERT_TRUE(reads.add(RequestId{i}, at(10)).has_value());
  }
  EXPECT_FALSE(reads.add(RequestId{0}, at(10)).has_value());
}

}  // namespace
}  // namespace ostraka::protocol
