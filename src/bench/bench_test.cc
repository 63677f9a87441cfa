#include "base/prng.h"
#include "bench/internal/codec.h"
#include "bench/internal/key_chooser.h"
#include "bench/internal/pacer.h"
#include "bench/internal/timeline.h"
#include "bench/load.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

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
  EXPECT_EQ(answers[1].kind, AnswerKind::ok);
  EXPECT_EQ(answers[2].kind, AnswerKind::absent);
  EXPECT_EQ(answers[3].kind, AnswerKind::busy);
}

TEST(RedisCodec, RefusesWhatIsNoAnswer) {
  LoadOptions options;
  for (const std::string& bad :
       {std::string("+OK\r\n"), std::string("\r\n"), std::string("$x\r\n"), std::string("$1x\r\n"),
        std::string("$99999999999\r\n"), std::string(70'000, '+')}) {
    auto codec = internal::make_redis_codec(options);
    std::string out;
    std::vector<Answer> answers;
    if (bad[0] != '+' || bad.size() > 10) {  // the first is wrong because nobody asked
      codec->encode_read(0, "k", out);
    }
    EXPECT_EQ(codec->parse(bad, answers, out), SIZE_MAX) << bad.substr(0, 20);
    EXPECT_TRUE(answers.empty());
  }
}

LoadOptions etcd_options(std::uint32_t pipeline) {
  LoadOptions options;
  options.endpoints = {"h:1"};
  options.pipeline = pipeline;
  return options;
}

std::string frame(char type, char flags, char stream, const std::string& body) {
  return std::string{'\0', '\0',  static_cast<char>(body.size()), type, flags, '\0', '\0',
                     '\0', stream} +
         body;
}

const std::string kSettings = frame(4, 0, 0, "");

TEST(EtcdCodec, AcknowledgesSettingsAndMatchesStreams) {
  auto codec = internal::make_etcd_codec(etcd_options(7));
  std::string out;
  codec->greet(out);
  EXPECT_TRUE(out.starts_with("PRI * HTTP/2.0"));
  EXPECT_FALSE(codec->is_ready());
  std::vector<Answer> answers;
  out.clear();
  EXPECT_EQ(codec->parse(kSettings, answers, out), 9U);
  EXPECT_TRUE(codec->is_ready());
  EXPECT_EQ(out, frame(4, 1, 0, ""));
  codec->encode_write(5, "k", "v", out);
  codec->encode_write(6, "k", "v", out);
  // Stream 3 fails with headers only, stream 1 has a message and trailers; 9 is none of ours.
  const std::string replies = frame(1, 5, 3, "") + frame(0, 0, 1, "x") + frame(0, 0, 9, "x") +
                              frame(1, 5, 9, "") + frame(1, 5, 1, "") + frame(3, 0, 1, "four");
  EXPECT_EQ(codec->parse(replies, answers, out), replies.size());
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].slot, 6U);
  EXPECT_EQ(answers[0].kind, AnswerKind::error);
  EXPECT_EQ(answers[1].slot, 5U);
  EXPECT_EQ(answers[1].kind, AnswerKind::ok);
}

TEST(EtcdCodec, ARangeWithoutAKeyIsAbsent) {
  auto codec = internal::make_etcd_codec(etcd_options(2));
  std::string out;
  codec->encode_read(0, "k", out);
  codec->encode_read(1, "k", out);
  const std::string prefix(5, 'p');
  const std::string replies = frame(0, 0, 1, prefix + "\x0a\x02hh\x20\x01") + frame(1, 5, 1, "t") +
                              frame(0, 0, 3, prefix + "\x0a\x02hh\x12\x01k") + frame(1, 5, 3, "t");
  std::vector<Answer> answers;
  EXPECT_EQ(codec->parse(replies, answers, out), replies.size());
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].kind, AnswerKind::absent);
  EXPECT_EQ(answers[1].kind, AnswerKind::ok);
}

TEST(EtcdCodec, HeadersAreSentOnceAndThenByIndex) {
  auto codec = internal::make_etcd_codec(etcd_options(4));
  std::string out;
  codec->encode_write(0, "k", "v", out);
  // RFC 7541: static entries 3 and 6, then literals that the server keeps.
  EXPECT_EQ(out, frame(1, 4, 1,
                       "\x83\x86\x40\x05:path\x14/etcdserverpb.KV/Put\x40\x0a:authority\x03h:1"
                       "\x40\x0c"
                       "content-type\x10"
                       "application/grpc\x40\x02te\x08trailers") +
                     frame(0, 1, 1, std::string("\0\0\0\0\x06\x0a\x01k\x12\x01v", 11)));
  out.clear();
  codec->encode_read(1, "k", out);  // one new entry: what was there before moves up by one
  EXPECT_EQ(out, frame(1, 4, 3, "\x83\x86\x40\x05:path\x16/etcdserverpb.KV/Range\xc1\xc0\xbf") +
                     frame(0, 1, 3, std::string("\0\0\0\0\x03\x0a\x01k", 8)));
  out.clear();
  codec->encode_write(2, "k", "v", out);
  EXPECT_EQ(out.substr(0, 15), frame(1, 4, 5, "\x83\x86\xc2\xc1\xc0\xbf"));
  out.clear();
  codec->encode_read(3, "k", out);
  EXPECT_EQ(out.substr(0, 15), frame(1, 4, 7, "\x83\x86\xbe\xc1\xc0\xbf"));
}

TEST(EtcdCodec, ALongAuthorityHasALengthOfSeveralBytes) {
  LoadOptions options;
  options.endpoints = {std::string(300, 'h')};
  auto codec = internal::make_etcd_codec(options);
  std::string out;
  codec->encode_read(0, "k", out);
  EXPECT_NE(out.find(":authority\x7f\xad\x01hhh"), std::string::npos);  // 300 = 127 + 45 + 1 * 128
}

TEST(EtcdCodec, APingIsAnsweredWithTheNextRequestAndAFloodAtOnce) {
  auto codec = internal::make_etcd_codec(etcd_options(1));
  std::string out;
  std::vector<Answer> answers;
  const std::string ping = frame(6, 0, 0, "12345678");
  EXPECT_EQ(codec->parse(ping, answers, out), ping.size());
  EXPECT_TRUE(out.empty());
  codec->encode_read(0, "k", out);
  EXPECT_TRUE(out.starts_with(frame(6, 1, 0, "12345678") + std::string("\0\0", 2)));
  out.clear();
  for (int i = 0; i < 100; ++i) {
    std::ignore = codec->parse(ping, answers, out);
  }
  EXPECT_TRUE(out.starts_with(frame(6, 1, 0, "12345678")));
}

TEST(EtcdCodec, RefusesFramesAndTablesThatWereNotAgreed) {
  auto codec = internal::make_etcd_codec(etcd_options(1));
  std::string out;
  std::vector<Answer> answers;
  EXPECT_EQ(codec->parse(std::string("\0\x40\x01\0\0\0\0\0\0", 9), answers, out), SIZE_MAX);
  EXPECT_EQ(codec->parse(frame(4, 0, 0, std::string("\0\x01\0\0\0\0", 6)), answers, out), SIZE_MAX);
  EXPECT_EQ(codec->parse(frame(7, 0, 0, "12345678"), answers, out), SIZE_MAX);
  EXPECT_FALSE(codec->is_ready());
}

std::string zookeeper_answer(char xid, char code) {
  return std::string{'\0', '\0', '\0', '\x10', '\0', '\0', '\0', xid} + std::string(8, '\0') +
         std::string(3, code) + code;
}

TEST(ZookeeperCodec, AReadIsASyncAndAGetAndHasOneAnswer) {
  LoadOptions options;
  auto codec = internal::make_zookeeper_codec(options);
  std::string out;
  codec->greet(out);
  std::vector<Answer> answers;
  EXPECT_EQ(codec->parse(std::string("\0\0\0\x01x", 5), answers, out), 5U);
  EXPECT_TRUE(codec->is_ready());
  out.clear();
  codec->encode_read(4, "k", out);
  EXPECT_EQ(out, std::string("\0\0\0\x0e\0\0\0\x01\0\0\0\x09\0\0\0\x02/k"
                             "\0\0\0\x0f\0\0\0\x02\0\0\0\x04\0\0\0\x02/k\0",
                             37));
  codec->encode_write(3, "k", "v", out);
  const std::string replies =
      zookeeper_answer(1, 0) + zookeeper_answer(2, 0) + zookeeper_answer(3, '\xff');
  EXPECT_EQ(codec->parse(replies, answers, out), 60U);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].slot, 4U);
  EXPECT_EQ(answers[0].kind, AnswerKind::ok);
  EXPECT_EQ(answers[1].slot, 3U);
  EXPECT_EQ(answers[1].text, "zookeeper error -1");
}

TEST(ZookeeperCodec, RefusesAnswersOutOfOrderAndWithoutEnd) {
  LoadOptions options;
  auto codec = internal::make_zookeeper_codec(options);
  std::string out;
  std::vector<Answer> answers;
  EXPECT_EQ(codec->parse(std::string("\0\0\0\x01x", 5), answers, out), 5U);
  EXPECT_EQ(codec->parse(zookeeper_answer(1, 0), answers, out), SIZE_MAX);  // nothing was asked
  codec->encode_write(0, "k", "v", out);
  EXPECT_EQ(codec->parse(zookeeper_answer(2, 0), answers, out), SIZE_MAX);
  EXPECT_EQ(codec->parse("\x7f\xff\xff\xff", answers, out), SIZE_MAX);
  EXPECT_TRUE(answers.empty());
}

// Whatever arrives, in whatever pieces: a codec answers each request at most once, keeps to the
// slots that it was given and stays within what it was given to read.
TEST(Codecs, SurviveDamagedAnswers) {
  const std::string etcd = kSettings + frame(6, 0, 0, "12345678") + frame(1, 4, 1, "hh") +
                           frame(0, 0, 1, "body") + frame(1, 5, 1, "t") + frame(3, 0, 3, "four");
  const std::string zookeeper = std::string("\0\0\0\x01x", 5) + zookeeper_answer(1, 0) +
                                zookeeper_answer(2, 0) + zookeeper_answer(3, '\xff');
  const std::string redis = "+OK\r\n$3\r\nabc\r\n-ERR no\r\n";
  base::Prng prng(5);
  for (int round = 0; round < 30'000; ++round) {
    const LoadOptions options = etcd_options(2);
    auto codec = round % 3 == 0   ? internal::make_etcd_codec(options)
                 : round % 3 == 1 ? internal::make_zookeeper_codec(options)
                                  : internal::make_redis_codec(options);
    std::string stream = round % 3 == 0 ? etcd : round % 3 == 1 ? zookeeper : redis;
    for (std::uint64_t damage = prng.below(4); damage > 0; --damage) {
      stream[prng.below(stream.size())] = static_cast<char>(prng.below(256));
    }
    std::string out;
    codec->greet(out);
    codec->encode_write(0, "k", "v", out);
    codec->encode_read(1, "k", out);
    std::vector<Answer> answers;
    std::string pending;
    while (!stream.empty()) {
      const std::size_t piece = 1 + prng.below(stream.size());
      pending += stream.substr(0, piece);
      stream.erase(0, piece);
      const std::size_t used = codec->parse(pending, answers, out);
      if (used == SIZE_MAX) {
        break;
      }
      ASSERT_LE(used, pending.size());
      pending.erase(0, used);
    }
    ASSERT_LE(answers.size(), 2U);
    for (const Answer& answer : answers) {
      ASSERT_LT(answer.slot, 2U);
    }
  }
}

constexpr std::uint64_t kMs = 1'000'000;

TEST(Pacer, StagesFollowEachOtherAndTheLastGoesOn) {
  internal::Pacer pacer({{.rate = 1000, .seconds = 0.003}, {.rate = 500, .seconds = 0.001}}, 7, 0);
  std::vector<std::uint64_t> due;
  for (int i = 0; i < 6; ++i) {
    due.push_back(pacer.due() - 7);
    pacer.take();
  }
  EXPECT_EQ(due, (std::vector<std::uint64_t>{0, kMs, 2 * kMs, 3 * kMs, 5 * kMs, 7 * kMs}));
}

TEST(Pacer, WithoutStagesNothingIsDue) {
  internal::Pacer pacer({}, 7, 0);
  EXPECT_EQ(pacer.due(), UINT64_MAX);
  EXPECT_EQ(pacer.give_up_all(UINT64_MAX), 0U);
}

TEST(Pacer, GivesUpWhatHasWaitedTooLong) {
  internal::Pacer pacer({{.rate = 1000, .seconds = 0}}, 0, 5 * kMs);
  EXPECT_EQ(pacer.give_up(5 * kMs), 0U);
  EXPECT_EQ(pacer.give_up(8 * kMs), 3U);  // due at 0, 1 and 2; what is due at 3 has waited for 5
  EXPECT_EQ(pacer.due(), 3 * kMs);
  EXPECT_EQ(pacer.give_up_all(6 * kMs), 3U);
  EXPECT_EQ(pacer.due(), 6 * kMs);
}

TEST(Timeline, CountsAndMeasuresEachSecondByItself) {
  internal::Timeline timeline;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    timeline.acknowledged(i * kMs / 2, i * kMs);
  }
  timeline.busy(600 * kMs);
  timeline.error(700 * kMs);
  timeline.acknowledged(2000 * kMs, 3 * kMs);  // nothing was answered in the second before
  timeline.busy(3000 * kMs);
  const std::vector<SecondReport> seconds = timeline.finish();
  ASSERT_EQ(seconds.size(), 4U);
  EXPECT_EQ(seconds[0].operations, 1000U);
  EXPECT_EQ(seconds[0].busy, 1U);
  EXPECT_EQ(seconds[0].errors, 1U);
  EXPECT_NEAR(static_cast<double>(seconds[0].p50), 500.0 * kMs, 5.0 * kMs);
  EXPECT_NEAR(static_cast<double>(seconds[0].p999), 999.0 * kMs, 8.0 * kMs);
  EXPECT_EQ(seconds[0].max, 1000 * kMs);
  EXPECT_EQ(seconds[1].operations, 0U);
  EXPECT_EQ(seconds[1].max, 0U);
  EXPECT_EQ(seconds[2].max, 3 * kMs);
  EXPECT_EQ(seconds[3].busy, 1U);
  EXPECT_EQ(seconds[3].max, 0U);
}

TEST(StaleReads, AreAskedForInEachProtocol) {
  LoadOptions options = etcd_options(1);
  options.stale_ms = 500;
  std::string out;
  internal::make_redis_codec(options)->greet(out);
  EXPECT_EQ(out, "*2\r\n$8\r\nREADONLY\r\n$3\r\n500\r\n");
  out.clear();
  internal::make_etcd_codec(options)->encode_read(0, "k", out);
  EXPECT_TRUE(out.ends_with(std::string("\x0a\x01k\x38\x01"))) << "serializable";
  out.clear();
  internal::make_zookeeper_codec(options)->encode_read(0, "k", out);
  EXPECT_EQ(out, std::string("\0\0\0\x0f\0\0\0\x01\0\0\0\x04\0\0\0\x02/k\0", 19));
}

TEST(RunLoad, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(run_load({}).has_value());
  LoadOptions options;
  options.endpoints = {"127.0.0.1:1"};
  options.clients = 1;
  options.protocol = WireProtocol::etcd;
  options.value_bytes = 20'000;  // would not fit into a frame
  EXPECT_EQ(run_load(options).error().code, base::ErrorCode::invalid_argument);
  options.value_bytes = 256;
  EXPECT_EQ(run_load(options).error().code, base::ErrorCode::connection_refused);
  options.stages = {{.rate = 0, .seconds = 1}};
  EXPECT_EQ(run_load(options).error().code, base::ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ostraka::bench
