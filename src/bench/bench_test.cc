#include "bench/internal/codec.h"
#include "bench/internal/key_chooser.h"
#include "bench/load.h"

#include <gtest/gtest.h>

#include <map>

namespace ostraka::bench {
namespace {

using internal::Answer;
using internal::AnswerKind;

TEST(KeyChooser, SequentialVisitsEveryKeyInOrder) {
  internal::KeyChooser keys(Distribution::sequential, 3, 1);
  EXPECT_EQ(keys.next(), 0U);
  EXPECT_EQ(keys.next(), 1U);
  EXPECT_EQ(keys.next(), 2U);
  EXPECT_EQ(keys.next(), 0U);
}

TEST(KeyChooser, ZipfianIsSkewedAndUniformIsNot) {
  for (const Distribution distribution : {Distribution::uniform, Distribution::zipfian}) {
    internal::KeyChooser keys(distribution, 1000, 7);
    std::map<std::uint64_t, int> seen;
    int most = 0;
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t key = keys.next();
      ASSERT_LT(key, 1000U);
      most = std::max(most, ++seen[key]);
    }
    if (distribution == Distribution::uniform) {
      EXPECT_LT(most, 200);
    } else {
      EXPECT_GT(most, 5000);
    }
  }
}

TEST(KeyFormat, IsSixteenBytes) {
  char key[16];
  internal::format_key(42, key);
  EXPECT_EQ(std::string(key, 16), "k000000000000042");
}

TEST(RedisCodec, AnswersComeInOrderWhateverTheChunking) {
  LoadOptions options;
  options.endpoints = {"h:1"};
  auto codec = internal::make_redis_codec(options);
  std::string out;
  EXPECT_TRUE(codec->is_ready());
  codec->encode_write(3, "k", "v", out);
  codec->encode_read(1, "k", out);
  codec->encode_read(2, "k", out);
  codec->encode_read(0, "k", out);
  EXPECT_EQ(out.substr(0, 33), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3");
  const std::string replies = "+OK\r\n$3\r\na\r\n\r\n$-1\r\n-BUSY try later\r\n";
  std::vector<Answer> answers;
  std::string pending;
  for (const char c : replies) {
    pending.push_back(c);
    pending.erase(0, codec->parse(pending, answers, out));
  }
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].slot, 3U);
  EXPECT_EQ(answers[1].slot, 1U);
  EXPECT_EQ(answers[3].slot, 0U);
  EXPECT_EQ(answers[3].kind, AnswerKind::busy);
}

TEST(EtcdCodec, AcknowledgesSettingsAndMatchesStreams) {
  LoadOptions options;
  options.endpoints = {"h:1"};
  auto codec = internal::make_etcd_codec(options);
  std::string out;
  codec->greet(out);
  EXPECT_TRUE(out.starts_with("PRI * HTTP/2.0"));
  EXPECT_FALSE(codec->is_ready());
  std::vector<Answer> answers;
  out.clear();
  const std::string settings(std::string("\0\0\0\x04\0\0\0\0\0", 9));
  EXPECT_EQ(codec->parse(settings, answers, out), 9U);
  EXPECT_TRUE(codec->is_ready());
  EXPECT_EQ(out, std::string("\0\0\0\x04\x01\0\0\0\0", 9));
  codec->encode_write(5, "k", "v", out);
  codec->encode_write(6, "k", "v", out);
  // Stream 3 fails with headers only, stream 1 has a message and trailers.
  const std::string replies = std::string("\0\0\0\x01\x05\0\0\0\x03", 9) +
                              std::string("\0\0\x01\x00\x00\0\0\0\x01x", 10) +
                              std::string("\0\0\0\x01\x05\0\0\0\x01", 9);
  EXPECT_EQ(codec->parse(replies, answers, out), replies.size());
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].slot, 6U);
  EXPECT_EQ(answers[0].kind, AnswerKind::error);
  EXPECT_EQ(answers[1].slot, 5U);
  EXPECT_EQ(answers[1].kind, AnswerKind::ok);
}

TEST(ZookeeperCodec, AReadIsASyncAndAGetAndHasOneAnswer) {
  LoadOptions options;
  auto codec = internal::make_zookeeper_codec(options);
  std::string out;
  codec->greet(out);
  std::vector<Answer> answers;
  EXPECT_EQ(codec->parse(std::string("\0\0\0\x01x", 5), answers, out), 5U);
  EXPECT_TRUE(codec->is_ready());
  codec->encode_read(4, "k", out);
  const std::string reply = std::string("\0\0\0\x10", 4) + std::string(16, '\0');
  EXPECT_EQ(codec->parse(reply + reply, answers, out), 40U);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].slot, 4U);
  EXPECT_EQ(answers[0].kind, AnswerKind::ok);
}

TEST(RunLoad, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(run_load({}).has_value());
  LoadOptions options;
  options.endpoints = {"127.0.0.1:1"};
  options.clients = 1;
  EXPECT_EQ(run_load(options).error().code, base::ErrorCode::connection_refused);
}

}  // namespace
}  // namespace ostraka::bench
