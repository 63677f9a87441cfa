#include "protocol/core/append_tokens.h"

#include <gtest/gtest.h>

namespace ostraka::protocol {
namespace {

// One step that writes; the log ends at `last` behind it.
Durable write(AppendTokens& tokens, std::uint64_t last) {
  Append append;
  tokens.open(append);
  tokens.open(append);  // asked for twice in one step
  tokens.close(append, model::Term{1}, model::LogIndex{last});
  EXPECT_EQ(append.term, model::Term{1});
  EXPECT_EQ(append.index, model::LogIndex{last});
  return {append.token, append.term, append.index};
}

TEST(AppendTokens, ALaterEchoCoversTheEarlierWrites) {
  AppendTokens tokens;
  const Durable first = write(tokens, 1);
  const Durable second = write(tokens, 2);
  const Durable third = write(tokens, 3);
  EXPECT_LT(first.token, second.token);
  EXPECT_FALSE(tokens.is_durable(first.token));
  tokens.complete(second);
  EXPECT_TRUE(tokens.is_durable(first.token));
  EXPECT_TRUE(tokens.is_durable(second.token));
  EXPECT_FALSE(tokens.is_durable(third.token));
  EXPECT_EQ(tokens.done(), second.token);
  EXPECT_EQ(tokens.issued(), third.token);
}

TEST(AppendTokens, AMessageWaitsForItsWrite) {
  AppendTokens tokens;
  const Durable first = write(tokens, 1);
  Effects out;
  tokens.message_behind(first.token, out).context = 1;
  ASSERT_EQ(out.send_after_durable.size(), 1U);
  EXPECT_EQ(out.send_after_durable[0].token, first.token);
  EXPECT_EQ(out.send_after_durable[0].message.context, 1U);
  tokens.complete(first);
  tokens.message_behind(first.token, out);
  EXPECT_EQ(out.send_now.size(), 1U);
  EXPECT_EQ(out.send_after_durable.size(), 1U);
}

TEST(AppendTokensDeath, AnotherEchoThanTheWrite) {
  AppendTokens tokens;
  Durable first = write(tokens, 1);
  first.index = model::LogIndex{2};
  EXPECT_DEATH(tokens.complete(first), "the echo of a write differs from the write");
  first.token = first.token.next();
  EXPECT_DEATH(tokens.complete(first), "durable before it was written");
}

TEST(DurableIndex, ATruncationOvertakesWritesUnderWay) {
  DurableIndex log;
  log.start_at(model::LogIndex{10});
  log.add(AppendToken{1}, model::LogIndex{15});
  log.truncate(model::LogIndex{13});
  log.add(AppendToken{2}, model::LogIndex{14});
  EXPECT_EQ(log.index(), model::LogIndex{10});
  log.complete(AppendToken{1});
  EXPECT_EQ(log.index(), model::LogIndex{12});
  log.complete(AppendToken{2});
  EXPECT_EQ(log.index(), model::LogIndex{14});
  log.truncate(model::LogIndex{9});
  EXPECT_EQ(log.index(), model::LogIndex{8});
}

TEST(DurableIndex, ASnapshotIsNotAddedToByEarlierWrites) {
  DurableIndex log;
  log.add(AppendToken{1}, model::LogIndex{50});
  log.restart_at(model::LogIndex{40});
  log.complete(AppendToken{1});
  EXPECT_EQ(log.index(), model::LogIndex{40});
}

}  // namespace
}  // namespace ostraka::protocol
