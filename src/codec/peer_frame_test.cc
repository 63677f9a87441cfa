#include "codec/peer_frame.h"

#include "base/prng.h"
#include "codec/peer_frame_greeting.h"
#include "codec/peer_frame_message.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace ostraka::codec {
namespace {

constexpr std::uint64_t kSeed = 99;

struct Taken {
  std::vector<std::string> frames;  // type/shard/body
  std::string error;
};

Taken take_all(const std::string& wire, std::size_t step, std::size_t max = 1U << 20,
               std::uint64_t seed = kSeed) {
  PeerFrameReader reader(max, seed);
  Taken taken;
  std::string pending;
  for (std::size_t at = 0; at < wire.size(); at += step) {
    pending += wire.substr(at, step);
    base::ByteView in = pending;
    while (true) {
      const auto complete = reader.next(in);
      if (!complete.has_value()) {
        taken.error = name_of(complete.error().code);
        return taken;
      }
      if (!*complete) {
        break;
      }
      taken.frames.push_back(std::to_string(reader.header().type) + "/" +
                             std::to_string(reader.header().shard.value()) + "/" +
                             std::string(reader.body()));
      const std::string body(reader.body());
      if (body.size() > 1) {
        EXPECT_EQ(reader.take_body(1).view(), body.substr(1));
      }
    }
    pending = std::string(in);
    EXPECT_LT(pending.size(), kPeerFrameHeaderBytes) << "a reader takes what it is given";
  }
  return taken;
}

std::string three_frames() {
  std::string wire;
  PeerFrameWriter writer(kSeed);
  writer.append(wire, 2, model::ShardId(7), "hello");
  writer.append(wire, 9, model::ShardId(), "");
  const std::size_t at = writer.begin(wire);
  wire += "meta";
  const std::vector<base::Buffer> attached = {base::Buffer::copy("one"), base::Buffer(),
                                              base::Buffer::copy(std::string(5000, 'x'))};
  std::string frame = wire.substr(at);
  wire.resize(at);
  writer.finish(frame, 0, {.body_bytes = 0, .type = 1, .shard = model::ShardId(3)}, attached);
  wire += frame;
  for (const base::Buffer& piece : attached) {
    wire += piece.view();
  }
  return wire;
}

TEST(PeerFrame, AnyChunkingGivesTheSameFrames) {
  const std::string wire = three_frames();
  const std::vector<std::string> expected = {"2/7/hello", "9/0/",
                                             "1/3/metaone" + std::string(5000, 'x')};
  for (std::size_t step = 1; step <= wire.size(); step += step < 40 ? 1 : 997) {
    const Taken taken = take_all(wire, step);
    EXPECT_EQ(taken.error, "");
    EXPECT_EQ(taken.frames, expected);
  }
}

TEST(PeerFrame, EveryFlippedBitOfAFrameIsFound) {
  std::string wire;
  PeerFrameWriter(kSeed).append(wire, 2, model::ShardId(7), "hello");
  for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
    std::string damaged = wire;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Taken taken = take_all(damaged, damaged.size());
    EXPECT_TRUE(taken.frames.empty()) << bit;  // an error, or it waits for a longer frame
  }
}

TEST(PeerFrame, ForeignOversizeAndUnknownAreRefused) {
  std::string wire;
  PeerFrameWriter writer(kSeed);
  writer.append(wire, 2, model::ShardId(7), "hello");
  EXPECT_EQ(take_all(wire, 1, 1U << 20, kSeed + 1).error, "corruption");
  EXPECT_EQ(take_all(wire, 1, 4).error, "too_large");
  std::string header = wire.substr(0, kPeerFrameHeaderBytes);
  header[0] = header[1] = header[2] = header[3] = '\xff';  // 4 GB: refused by the header alone
  EXPECT_EQ(take_all(header, 1).error, "too_large");
  std::string unknown = wire;
  unknown[12] = 100;
  EXPECT_EQ(take_all(unknown, 1).error, "format_unknown");
  std::string flags = wire;
  flags[13] = 1;
  EXPECT_EQ(take_all(flags, 1).error, "format_unknown");
}

protocol::Message random_message(base::Prng& prng) {
  protocol::Message m;
  const auto number = [&prng]() -> std::uint64_t {
    switch (prng.below(4)) {
      case 0:
        return 0;
      case 1:
        return prng.below(200);
      case 2:
        return prng.next();
      default:
        return ~std::uint64_t{0};
    }
  };
  m.from = model::NodeId(static_cast<std::uint32_t>(number()));
  m.to = model::NodeId(static_cast<std::uint32_t>(number()));
  m.kind = static_cast<std::uint8_t>(prng.next());
  m.reject = prng.chance(1, 2);
  m.flags = static_cast<std::uint8_t>(number());
  m.term = model::Term(number());
  m.index = model::LogIndex(number());
  m.log_term = model::Term(number());
  m.commit = model::LogIndex(number());
  m.hint_index = model::LogIndex(number());
  m.hint_term = model::Term(number());
  m.context = number();
  m.stamp = base::Instant::from_nanoseconds(static_cast<std::int64_t>(number()));
  for (std::uint64_t i = prng.below(5); i > 0; --i) {
    m.entries.push_back({prng.chance(2, 3) ? m.index + i : model::LogIndex(number()),
                         prng.chance(2, 3) ? m.log_term : model::Term(number()),
                         static_cast<protocol::EntryKind>(prng.below(3)),
                         static_cast<std::uint32_t>(prng.below(300))});
  }
  for (std::uint64_t i = prng.below(3); i > 0; --i) {
    protocol::ConfigurationAt at{.index = model::LogIndex(number()), .configuration = nullptr};
    if (prng.chance(2, 3)) {
      model::Configuration configuration;
      configuration.voters.push_back(
          {model::NodeId(1), model::Incarnation(number()), "n1", "host:1"});
      configuration.learners.push_back({model::NodeId(2), model::Incarnation(), "", ""});
      at.configuration = std::make_shared<const model::Configuration>(configuration);
    }
    m.configurations.push_back(at);
  }
  return m;
}

void expect_equal(const protocol::Message& a, const protocol::Message& b) {
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.to, b.to);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.reject, b.reject);
  EXPECT_EQ(a.flags, b.flags);
  EXPECT_EQ(a.term, b.term);
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.log_term, b.log_term);
  EXPECT_EQ(a.commit, b.commit);
  EXPECT_EQ(a.hint_index, b.hint_index);
  EXPECT_EQ(a.hint_term, b.hint_term);
  EXPECT_EQ(a.context, b.context);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.entries, b.entries);
  ASSERT_EQ(a.configurations.size(), b.configurations.size());
  for (std::size_t i = 0; i < a.configurations.size(); ++i) {
    EXPECT_EQ(a.configurations[i].index, b.configurations[i].index);
    ASSERT_EQ(a.configurations[i].configuration == nullptr,
              b.configurations[i].configuration == nullptr);
    if (a.configurations[i].configuration != nullptr) {
      EXPECT_EQ(*a.configurations[i].configuration, *b.configurations[i].configuration);
    }
  }
}

TEST(PeerMessage, EveryFieldComesBack) {
  base::Prng prng(4);
  protocol::Message decoded;
  for (int round = 0; round < 2000; ++round) {
    const protocol::Message message = random_message(prng);
    std::string body;
    encode_message(message, body);
    const std::size_t metadata = body.size();
    for (const protocol::EntryMeta& entry : message.entries) {
      body.append(entry.payload_bytes, 'p');
    }
    const auto at = decode_message(body, decoded);
    ASSERT_TRUE(at.has_value()) << at.error().to_string();
    EXPECT_EQ(*at, metadata);
    expect_equal(message, decoded);
    // Payload bytes too few or too many are refused; a cut anywhere is.
    EXPECT_FALSE(decode_message(body + "x", decoded).has_value());
    EXPECT_FALSE(decode_message(base::ByteView(body).substr(0, prng.below(body.size())), decoded)
                     .has_value());
  }
}

TEST(PeerMessage, AHeartbeatIsSmall) {
  protocol::Message message;
  message.from = model::NodeId(1);
  message.to = model::NodeId(2);
  message.kind = 4;
  message.term = model::Term(12);
  message.index = model::LogIndex(1'000'000);
  message.log_term = model::Term(12);
  message.commit = model::LogIndex(1'000'000);
  message.stamp = base::Instant::from_nanoseconds(1);
  std::string body;
  encode_message(message, body);
  EXPECT_LE(body.size(), 24U);
}

TEST(PeerMessage, UnknownVersionsAndFieldsAreRefusedByName) {
  std::string body;
  encode_message(protocol::Message{}, body);
  protocol::Message decoded;
  std::string other = body;
  other[0] = 2;
  EXPECT_EQ(decode_message(other, decoded).error().code, base::ErrorCode::format_unknown);
  other = body;
  other.back() = '\x80';  // the field bits
  other += '\x40';
  EXPECT_EQ(decode_message(other, decoded).error().code, base::ErrorCode::format_unknown);
}

TEST(PeerGreeting, ComesBackAndNothingElseDoes) {
  const PeerChallenge challenge{.version_min = 1, .version_max = 3, .nonce = {1, 2, 3}};
  const PeerHello hello{.version_min = 1,
                        .version_max = 2,
                        .features = 6,
                        .cluster = model::ClusterId(6),
                        .node = model::NodeId(7),
                        .incarnation = model::Incarnation(8),
                        .target = model::NodeId(9),
                        .channel = 1,
                        .nonce = {4},
                        .mac = {5}};
  const PeerWelcome welcome{.version = 1,
                            .features = 2,
                            .cluster = model::ClusterId(3),
                            .node = model::NodeId(4),
                            .incarnation = model::Incarnation(5),
                            .mac = {6}};
  const PeerRefusal refusal{.reason = RefuseReason::cluster, .text = "why"};
  std::array<std::string, 4> encoded;
  encode_challenge(challenge, encoded[0]);
  encode_hello(hello, encoded[1]);
  encode_welcome(welcome, encoded[2]);
  encode_refusal(refusal, encoded[3]);
  EXPECT_EQ(decode_challenge(encoded[0]), challenge);
  EXPECT_EQ(decode_hello(encoded[1]), hello);
  EXPECT_EQ(decode_welcome(encoded[2]), welcome);
  EXPECT_EQ(decode_refusal(encoded[3]), refusal);
  for (std::string& text : encoded) {
    EXPECT_LE(text.size(), kPeerGreetingBytesMax);
    text += 'x';
  }
  EXPECT_FALSE(decode_challenge(encoded[0]).has_value());
  EXPECT_FALSE(decode_hello(encoded[1]).has_value());
  EXPECT_FALSE(decode_welcome(encoded[2]).has_value());
  EXPECT_FALSE(decode_refusal(encoded[3]).has_value());
  EXPECT_FALSE(decode_hello("GET / HTTP/1.1\r\n").has_value());
}

// Raft's greeting is that of a version that knew nothing else.
TEST(PeerGreeting, HasAnEngineUnlessItIsRaft) {
  PeerHello hello;
  hello.features = 4;
  PeerWelcome welcome;
  welcome.features = 2;
  std::array<std::string, 4> encoded;
  encode_hello(hello, encoded[0]);
  encode_welcome(welcome, encoded[1]);
  EXPECT_EQ(decode_hello(encoded[0])->engine, kPeerEngineRaft);
  EXPECT_EQ(decode_welcome(encoded[1])->engine, kPeerEngineRaft);
  hello.engine = welcome.engine = 2;
  encode_hello(hello, encoded[2]);
  encode_welcome(welcome, encoded[3]);
  EXPECT_EQ(decode_hello(encoded[2]), hello);
  EXPECT_EQ(decode_welcome(encoded[3]), welcome);
  EXPECT_EQ(encoded[2].size(), encoded[0].size() + 1);
  EXPECT_EQ(encoded[3].size(), encoded[1].size() + 1);
  std::string twice = encoded[2];
  twice[twice.size() - 33] = 1;  // says Raft where nothing should stand
  EXPECT_FALSE(decode_hello(twice).has_value());
}

}  // namespace
}  // namespace ostraka::codec
