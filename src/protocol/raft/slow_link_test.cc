// Entries that take long, and entries that are lost: what is sent again, and what only asked about.
#include "protocol/raft/testing/lone.h"

#include <gtest/gtest.h>

namespace ostraka::protocol::raft::testing {
namespace {

constexpr std::uint32_t kValue = 1U << 20;

class SlowLink : public ::testing::Test {
 protected:
  // Leads, with four values on their way to node 2; entry 1 is the no-op.
  void fill_window() {
    node.lead();
    for (std::uint64_t id = 1; id <= 4; ++id) {
      node.step(Propose{RequestId{id}, kValue});
    }
  }
  // A heartbeat that node 2 answers: it has up to `received`.
  void beat(std::uint64_t received) {
    node.heartbeat_timeout();
    for (const Message& heartbeat : node.sent(MessageKind::heartbeat)) {
      if (heartbeat.to == model::NodeId{2}) {
        Message ack = Lone::reply(heartbeat, MessageKind::heartbeat_ack);
        ack.index = ack.hint_index = model::LogIndex{received};
        node.receive(ack);
        return;
      }
    }
  }
  // For `ms`: counts what node 2 is asked, and what is sent to it.
  void beat_for(std::int64_t ms, std::uint64_t received) {
    for (; ms > 0; ms -= 50) {
      beat(received);
      count();
    }
  }
  void count() {
    for (const Message& message : appends()) {
      if (message.entries.empty()) {
        ++questions;
        question = message;
      }
      entries += message.entries.size();
    }
  }
  std::vector<Message> appends() {
    std::vector<Message> found;
    for (const Message& message : node.sent(MessageKind::append)) {
      if (message.to == model::NodeId{2}) {
        found.push_back(message);
      }
    }
    return found;
  }
  void acknowledge(std::uint64_t received) {
    Message ack = Lone::make(2, MessageKind::append_ack, 1);
    ack.index = ack.hint_index = model::LogIndex{received};
    node.receive(ack);
  }
  void reject(std::uint64_t index, std::uint64_t hint) {
    Message ack = Lone::make(2, MessageKind::append_ack, 1);
    ack.reject = true;
    ack.index = model::LogIndex{index};
    ack.hint_index = model::LogIndex{hint};
    ack.hint_term = model::Term{1};
    node.receive(ack);
  }
  std::uint64_t resent() { return node.raft->status().resent_bytes; }

  Lone node;
  int questions = 0;
  std::size_t entries = 0;
  Message question;
};

TEST_F(SlowLink, AWindowWithoutProgressIsAskedAboutAndNotSentAgain) {
  fill_window();
  beat_for(10'000, 1);
  EXPECT_EQ(entries, 0U);
  EXPECT_EQ(resent(), 0U);
  // After 250 ms, 500 ms, and every 800 ms then.
  EXPECT_GE(questions, 10);
  EXPECT_LE(questions, 14);
  EXPECT_EQ(question.index, model::LogIndex{5});
  EXPECT_EQ(question.log_term, model::Term{1});
  EXPECT_TRUE(question.behind_entries);
}

TEST_F(SlowLink, APlantedBugSendsTheWindowAgain) {
  node.raft->plant_bug(Mutant::resend_window);
  fill_window();
  beat_for(1'000, 1);
  EXPECT_EQ(questions, 0);
  EXPECT_GE(resent(), 2 * 4 * kValue);
}

TEST_F(SlowLink, ProgressIsPatience) {
  fill_window();
  for (std::uint64_t received = 2; received <= 5; ++received) {
    beat_for(200, received);
  }
  EXPECT_EQ(questions, 0);
}

TEST_F(SlowLink, WhatHasAllArrivedIsNotAskedAbout) {
  fill_window();
  beat_for(3'000, 5);
  EXPECT_EQ(questions, 0);
}

// Only the answer to the question tells of a loss; then one message goes, and only its own
// acknowledgement brings the rest.
TEST_F(SlowLink, ALossIsRepairedByOneMessageFirst) {
  fill_window();
  beat_for(400, 2);
  ASSERT_EQ(questions, 1);
  reject(5, 2);
  ASSERT_EQ(appends().size(), 1U);
  EXPECT_EQ(appends()[0].index, model::LogIndex{2});
  EXPECT_EQ(appends()[0].entries.size(), 1U);
  EXPECT_EQ(resent(), kValue);
  questions = 0;
  beat_for(5'000, 2);
  EXPECT_EQ(entries, 0U);
  EXPECT_GE(questions, 5);
  EXPECT_LE(questions, 12);
  EXPECT_EQ(question.index, model::LogIndex{2});
  acknowledge(3);
  EXPECT_EQ(appends().size(), 2U);
  EXPECT_EQ(resent(), 3 * kValue);
}

// A late acknowledgement of what came before the probe is not the probe's.
TEST_F(SlowLink, AnOlderAcknowledgementDoesNotOpenTheWindow) {
  fill_window();
  reject(5, 3);
  ASSERT_EQ(appends().size(), 1U);
  acknowledge(3);
  EXPECT_TRUE(appends().empty());
  acknowledge(4);
  EXPECT_EQ(appends().size(), 1U);
}

// The probe was lost: the answer to the question says up to where the logs agree.
TEST_F(SlowLink, ALostProbeIsSentAgainAfterTheAnswerToAQuestion) {
  fill_window();
  beat_for(50, 2);
  reject(5, 2);
  beat_for(50, 2);
  ASSERT_EQ(questions, 1);
  acknowledge(2);
  EXPECT_EQ(appends().size(), 3U);
}

TEST_F(SlowLink, AnAnswerToAHeartbeatFromBeforeTheProbeProvesNothing) {
  fill_window();
  node.heartbeat_timeout();
  const Message before = node.sent(MessageKind::heartbeat)[0];
  node.after(1);
  reject(5, 2);
  Message ack = Lone::reply(before, MessageKind::heartbeat_ack);
  ack.index = ack.hint_index = model::LogIndex{2};
  node.after(500).receive(ack);
  EXPECT_TRUE(appends().empty());
}

// The follower's side: the question is an append like any other.
TEST(SlowLinkFollower, TheQuestionIsAcknowledgedOrRejected) {
  Lone node({.log = {1, 1}, .term = 1});
  node.receive(Lone::append(1, 2, 1, {}));
  ASSERT_EQ(node.sent(MessageKind::append_ack).size(), 1U);
  EXPECT_FALSE(node.sent(MessageKind::append_ack)[0].reject);
  EXPECT_EQ(node.sent(MessageKind::append_ack)[0].index, model::LogIndex{2});
  node.receive(Lone::append(1, 4, 1, {}));
  ASSERT_EQ(node.sent(MessageKind::append_ack).size(), 1U);
  EXPECT_TRUE(node.sent(MessageKind::append_ack)[0].reject);
  EXPECT_EQ(node.sent(MessageKind::append_ack)[0].hint_index, model::LogIndex{2});
}

}  // namespace
}  // namespace ostraka::protocol::raft::testing
