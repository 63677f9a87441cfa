#include "sim/message_control.h"

#include "protocol/raft/probe.h"
#include "protocol/raft/types.h"

#include <gtest/gtest.h>

namespace ostraka::sim {
namespace {

using protocol::AppendToken;
using protocol::Effects;
using protocol::Message;
using protocol::raft::MessageKind;

constexpr model::NodeId kOne{1};
constexpr model::NodeId kTwo{2};
constexpr model::NodeId kThree{3};

Message message(MessageKind kind, model::NodeId to, std::uint64_t context = 0) {
  Message made;
  made.from = kOne;
  made.to = to;
  made.kind = static_cast<std::uint8_t>(kind);
  made.term = model::Term{4};
  made.context = context;
  return made;
}

MessageRule rule(const char* kind, model::NodeId to = {}) {
  MessageRule made{.from = kOne, .to = to};
  EXPECT_TRUE(set_kind(made, kind, protocol::raft::probe()));
  return made;
}

TEST(MessageControl, KeepsWhatARuleNamesAndNothingElse) {
  MessageControl control;
  control.hold(rule("vote", kTwo));
  Effects effects;
  effects.send_now.add() = message(MessageKind::vote, kTwo);
  effects.send_now.add() = message(MessageKind::vote, kThree);
  effects.send_now.add() = message(MessageKind::heartbeat, kTwo);
  control.keep(kOne, 0, 0, effects);
  ASSERT_EQ(effects.send_now.size(), 2U);
  EXPECT_EQ(effects.send_now[0].to, kThree);
  EXPECT_EQ(effects.send_now[1].kind, static_cast<std::uint8_t>(MessageKind::heartbeat));
  EXPECT_EQ(control.held(rule("any")), 1U);
  EXPECT_EQ(control.held(rule("heartbeat")), 0U);
}

TEST(MessageControl, LetsGoInOrderAndTheRuleStaysUntilReleased) {
  MessageControl control;
  control.hold(rule("any", kTwo));
  Effects effects;
  effects.send_now.add() = message(MessageKind::heartbeat, kTwo, 1);
  effects.send_now.add() = message(MessageKind::heartbeat, kTwo, 2);
  control.keep(kOne, 0, 0, effects);
  EXPECT_TRUE(control.senders_to_wake().empty());
  control.pass({}, kTwo);
  ASSERT_EQ(control.senders_to_wake().size(), 1U);
  effects.clear();
  control.let_go(kOne, {}, effects);
  effects.send_now.add() = message(MessageKind::heartbeat, kTwo, 3);
  control.keep(kOne, 2, 0, effects);  // what was let go is not kept again
  ASSERT_EQ(effects.send_now.size(), 2U);
  EXPECT_EQ(effects.send_now[0].context, 1U);
  EXPECT_EQ(effects.send_now[1].context, 2U);
  control.release({}, kTwo);
  effects.clear();
  control.let_go(kOne, {}, effects);
  effects.send_now.add() = message(MessageKind::heartbeat, kTwo, 4);
  control.keep(kOne, 1, 0, effects);
  ASSERT_EQ(effects.send_now.size(), 2U);
  EXPECT_EQ(effects.send_now[0].context, 3U);
}

TEST(MessageControl, AMessageThatWaitsForAWriteStillWaitsWhenLetGo) {
  MessageControl control;
  control.hold(rule("vote_ack"));
  Effects effects;
  protocol::DelayedMessage& delayed = effects.send_after_durable.add();
  delayed.token = AppendToken{5};
  delayed.message = message(MessageKind::vote_ack, kTwo);
  control.keep(kOne, 0, 0, effects);
  EXPECT_TRUE(effects.send_after_durable.empty());
  control.pass({}, {});
  effects.clear();
  control.let_go(kOne, AppendToken{4}, effects);
  EXPECT_TRUE(effects.send_now.empty());
  ASSERT_EQ(effects.send_after_durable.size(), 1U);
  EXPECT_EQ(effects.send_after_durable[0].token, AppendToken{5});
}

TEST(MessageControl, WhatACrashedSenderKeptIsLost) {
  MessageControl control;
  control.hold(rule("any"));
  Effects effects;
  effects.send_now.add() = message(MessageKind::vote, kTwo);
  control.keep(kOne, 0, 0, effects);
  control.crashed(kOne);
  EXPECT_EQ(control.held(rule("any")), 0U);
}

TEST(MessageControl, OwnTermLooksAtTheEntries) {
  MessageControl control;
  control.hold(rule("append_own"));
  Effects effects;
  effects.send_now.add() = message(MessageKind::append, kTwo);
  effects.send_now[0].entries.push_back({model::LogIndex{2}, model::Term{3}});
  effects.send_now.add() = message(MessageKind::append, kTwo);
  effects.send_now[1].entries.push_back({model::LogIndex{3}, model::Term{4}});
  control.keep(kOne, 0, 0, effects);
  ASSERT_EQ(effects.send_now.size(), 1U);
  EXPECT_EQ(effects.send_now[0].entries.front().term, model::Term{3});
}

TEST(MessageControl, CountsWhatLeftSinceItWasForgotten) {
  MessageControl control;
  control.note_sent(message(MessageKind::timeout_now, kTwo));
  EXPECT_EQ(control.sent(rule("timeout_now", kTwo)), 1U);
  EXPECT_EQ(control.sent(rule("timeout_now", kThree)), 0U);
  EXPECT_EQ(control.sent(rule("append_own")), 0U);
  control.forget_sent();
  EXPECT_EQ(control.sent(rule("any")), 0U);
}

}  // namespace
}  // namespace ostraka::sim
