#include "peer/internal/handshake.h"

#include <algorithm>
#include <cstring>

namespace ostraka::peer::internal {
namespace {

// What the proof is about stands in front of it, so that none can be taken for another.
constexpr base::ByteView kNonceLabel = "ostraka peer nonce 1";
constexpr base::ByteView kHelloLabel = "ostraka peer hello 1";
constexpr base::ByteView kWelcomeLabel = "ostraka peer welcome 1";
constexpr base::ByteView kSeedLabel = "ostraka peer seeds 1";

base::ByteView without_mac(const std::string& encoded) {
  const std::size_t mac_bytes = base::Digest256().size();
  return base::ByteView(encoded).substr(0, encoded.size() - mac_bytes);
}

base::ByteView mac_of(const std::string& encoded) {
  return base::ByteView(encoded).substr(without_mac(encoded).size());
}

base::Digest256 hello_mac(base::ByteView secret, const Transcript& transcript) {
  return base::hmac_sha256(secret,
                           {kHelloLabel, transcript.challenge, without_mac(transcript.hello)});
}

base::Digest256 welcome_mac(base::ByteView secret, const Transcript& transcript) {
  return base::hmac_sha256(secret, {kWelcomeLabel, transcript.challenge, transcript.hello,
                                    without_mac(transcript.welcome)});
}

std::uint64_t word(const base::Digest256& digest, std::size_t index) {
  std::uint64_t value = 0;
  std::memcpy(&value, digest.data() + 8 * index, sizeof(value));
  return value;
}

}  // namespace

codec::PeerNonce make_nonce(base::ByteView secret, std::uint64_t seed, std::uint64_t counter) {
  std::string input;
  base::Writer writer(input);
  writer.u64(seed);
  writer.u64(counter);
  const base::Digest256 digest = base::hmac_sha256(secret, {kNonceLabel, input});
  codec::PeerNonce nonce = {};
  std::copy_n(digest.begin(), nonce.size(), nonce.begin());
  return nonce;
}

void seal_hello(base::ByteView secret, codec::PeerHello hello, Transcript& transcript) {
  transcript.hello.clear();
  codec::encode_hello(hello, transcript.hello);
  hello.mac = hello_mac(secret, transcript);
  transcript.hello.clear();
  codec::encode_hello(hello, transcript.hello);
}

bool verify_hello(base::ByteView secret, const Transcript& transcript) {
  const base::Digest256 expected = hello_mac(secret, transcript);
  return base::equal_in_constant_time(base::as_bytes(expected), mac_of(transcript.hello));
}

void seal_welcome(base::ByteView secret, codec::PeerWelcome welcome, Transcript& transcript) {
  transcript.welcome.clear();
  codec::encode_welcome(welcome, transcript.welcome);
  welcome.mac = welcome_mac(secret, transcript);
  transcript.welcome.clear();
  codec::encode_welcome(welcome, transcript.welcome);
}

bool verify_welcome(base::ByteView secret, const Transcript& transcript) {
  const base::Digest256 expected = welcome_mac(secret, transcript);
  return base::equal_in_constant_time(base::as_bytes(expected), mac_of(transcript.welcome));
}

FrameSeeds frame_seeds(base::ByteView secret, const Transcript& transcript) {
  const base::Digest256 digest = base::hmac_sha256(
      secret, {kSeedLabel, transcript.challenge, transcript.hello, transcript.welcome});
  return FrameSeeds{.from_dialler = word(digest, 0), .from_acceptor = word(digest, 1)};
}

std::optional<std::uint16_t> common_version(std::uint16_t peer_min, std::uint16_t peer_max) {
  const std::uint16_t highest = std::min(kVersionMax, peer_max);
  const std::uint16_t lowest = std::max(kVersionMin, peer_min);
  if (highest < lowest) {
    return std::nullopt;
  }
  return highest;
}

}  // namespace ostraka::peer::internal
