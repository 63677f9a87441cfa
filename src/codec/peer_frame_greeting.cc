#include "codec/peer_frame_greeting.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace ostraka::codec {
namespace {

// "OSTRAKAp" as little-endian bytes.
constexpr std::uint64_t kMagic = 0x70414b415254534fULL;
constexpr std::size_t kTextMax = 200;
// Of the features: an engine stands before the MAC. Not among the features of the values here.
constexpr std::uint64_t kHasEngine = 1;

std::uint64_t features_with(std::uint64_t features, std::uint8_t engine) {
  return (features & ~kHasEngine) | (engine == kPeerEngineRaft ? 0 : kHasEngine);
}

void put_engine(base::Writer& writer, std::uint8_t engine) {
  if (engine != kPeerEngineRaft) {
    writer.u8(engine);
  }
}

void get_engine(base::Reader& reader, std::uint64_t& features, std::uint8_t& engine) {
  if ((features & kHasEngine) != 0) {
    features &= ~kHasEngine;
    engine = reader.u8();
    if (engine == kPeerEngineRaft) {
      reader.mark_bad();  // one form for each greeting
    }
  }
}

template <std::size_t N>
void put(base::Writer& writer, const std::array<std::uint8_t, N>& bytes) {
  writer.raw({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

template <std::size_t N>
void get(base::Reader& reader, std::array<std::uint8_t, N>& bytes) {
  const base::ByteView raw = reader.raw(N);
  if (reader.ok()) {
    std::memcpy(bytes.data(), raw.data(), N);
  }
}

base::Status finished(const base::Reader& reader, const char* what) {
  if (!reader.finished()) {
    return base::fail(base::ErrorCode::malformed, what);
  }
  return {};
}

}  // namespace

std::string_view name_of(RefuseReason reason) {
  switch (reason) {
    case RefuseReason::malformed:
      return "malformed greeting";
    case RefuseReason::version:
      return "no protocol version in common";
    case RefuseReason::unauthenticated:
      return "the peer secrets differ; give every node the same --peer-secret";
    case RefuseReason::cluster:
      return "another cluster";
    case RefuseReason::target:
      return "another node was meant";
    case RefuseReason::unknown_member:
      return "not a member";
    case RefuseReason::incarnation:
      return "the member has another data directory";
    case RefuseReason::engine:
      return "another replication engine: a cluster has one, give every node the same --engine";
  }
  return "unknown";
}

void encode_challenge(const PeerChallenge& challenge, std::string& out) {
  base::Writer writer(out);
  writer.u64(kMagic);
  writer.u16(challenge.version_min);
  writer.u16(challenge.version_max);
  put(writer, challenge.nonce);
}

void encode_hello(const PeerHello& hello, std::string& out) {
  base::Writer writer(out);
  writer.u64(kMagic);
  writer.u16(hello.version_min);
  writer.u16(hello.version_max);
  writer.u64(features_with(hello.features, hello.engine));
  writer.u64(hello.cluster.value());
  writer.u32(hello.node.value());
  writer.u64(hello.incarnation.value());
  writer.u32(hello.target.value());
  writer.u8(hello.channel);
  put(writer, hello.nonce);
  put_engine(writer, hello.engine);
  put(writer, hello.mac);
}

void encode_welcome(const PeerWelcome& welcome, std::string& out) {
  base::Writer writer(out);
  writer.u16(welcome.version);
  writer.u64(features_with(welcome.features, welcome.engine));
  writer.u64(welcome.cluster.value());
  writer.u32(welcome.node.value());
  writer.u64(welcome.incarnation.value());
  put_engine(writer, welcome.engine);
  put(writer, welcome.mac);
}

void encode_refusal(const PeerRefusal& refusal, std::string& out) {
  base::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(refusal.reason));
  writer.bytes(base::ByteView(refusal.text).substr(0, kTextMax));
}

base::Result<PeerChallenge> decode_challenge(base::ByteView encoded) {
  base::Reader reader(encoded);
  PeerChallenge challenge;
  if (reader.u64() != kMagic) {
    return base::fail(base::ErrorCode::malformed, "challenge: not a peer of this product");
  }
  challenge.version_min = reader.u16();
  challenge.version_max = reader.u16();
  get(reader, challenge.nonce);
  OSTRAKA_TRY(finished(reader, "challenge"));
  return challenge;
}

base::Result<PeerHello> decode_hello(base::ByteView encoded) {
  base::Reader reader(encoded);
  PeerHello hello;
  if (reader.u64() != kMagic) {
    return base::fail(base::ErrorCode::malformed, "hello: not a peer of this product");
  }
  hello.version_min = reader.u16();
  hello.version_max = reader.u16();
  hello.features = reader.u64();
  hello.cluster = model::ClusterId(reader.u64());
  hello.node = model::NodeId(reader.u32());
  hello.incarnation = model::Incarnation(reader.u64());
  hello.target = model::NodeId(reader.u32());
  hello.channel = reader.u8();
  get(reader, hello.nonce);
  get_engine(reader, hello.features, hello.engine);
  get(reader, hello.mac);
  OSTRAKA_TRY(finished(reader, "hello"));
  if (hello.channel > 2) {
    return base::fail(base::ErrorCode::format_unknown, "hello: unknown channel");
  }
  return hello;
}

base::Result<PeerWelcome> decode_welcome(base::ByteView encoded) {
  base::Reader reader(encoded);
  PeerWelcome welcome;
  welcome.version = reader.u16();
  welcome.features = reader.u64();
  welcome.cluster = model::ClusterId(reader.u64());
  welcome.node = model::NodeId(reader.u32());
  welcome.incarnation = model::Incarnation(reader.u64());
  get_engine(reader, welcome.features, welcome.engine);
  get(reader, welcome.mac);
  OSTRAKA_TRY(finished(reader, "welcome"));
  return welcome;
}

base::Result<PeerRefusal> decode_refusal(base::ByteView encoded) {
  base::Reader reader(encoded);
  PeerRefusal refusal;
  const std::uint8_t reason = reader.u8();
  refusal.text = std::string(reader.bytes());
  OSTRAKA_TRY(finished(reader, "refusal"));
  if (reason < static_cast<std::uint8_t>(RefuseReason::malformed) ||
      reason > static_cast<std::uint8_t>(RefuseReason::engine)) {
    return base::fail(base::ErrorCode::format_unknown, "refusal: unknown reason");
  }
  if (refusal.text.size() > kTextMax) {
    return base::fail(base::ErrorCode::malformed, "refusal: text too long");
  }
  refusal.reason = static_cast<RefuseReason>(reason);
  return refusal;
}

}  // namespace ostraka::codec
