// The greeting between two nodes: challenge (who was dialled), hello (who dialled), welcome or
// refuse. Values only; who proves what is in src/peer, the bytes are in docs/formats/peer.md.
//
// Threads: pure functions. Errors of decoding: malformed (also: something else than a peer talks),
// format_unknown.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "model/ids.h"

#include <array>
#include <cstdint>
#include <string>

namespace ostraka::codec {

// Greeting frames are this small before anybody has proved anything.
inline constexpr std::size_t kPeerGreetingBytesMax = 512;

using PeerNonce = std::array<std::uint8_t, 16>;

// The replication engine that a greeting without one means.
inline constexpr std::uint8_t kPeerEngineRaft = 1;

struct PeerChallenge {
  std::uint16_t version_min = 0;
  std::uint16_t version_max = 0;
  PeerNonce nonce = {};
  friend bool operator==(const PeerChallenge&, const PeerChallenge&) = default;
};

struct PeerHello {
  std::uint16_t version_min = 0;
  std::uint16_t version_max = 0;
  std::uint64_t features = 0;
  model::ClusterId cluster;  // none: not in a cluster yet (calls only)
  model::NodeId node;        // none: not a member yet (calls only)
  model::Incarnation incarnation;
  model::NodeId target;      // who the dialler believes to reach; none: whoever it is
  std::uint8_t channel = 0;  // 0 control, 1 bulk, 2 call
  PeerNonce nonce = {};
  std::uint8_t engine = kPeerEngineRaft;  // by its number (protocol/engines)
  base::Digest256 mac = {};
  friend bool operator==(const PeerHello&, const PeerHello&) = default;
};

struct PeerWelcome {
  std::uint16_t version = 0;
  std::uint64_t features = 0;
  model::ClusterId cluster;
  model::NodeId node;
  model::Incarnation incarnation;
  std::uint8_t engine = kPeerEngineRaft;
  base::Digest256 mac = {};
  friend bool operator==(const PeerWelcome&, const PeerWelcome&) = default;
};

// Why a node does not talk to another. Numbers are on the wire: never re-used.
enum class RefuseReason : std::uint8_t {
  malformed = 1,
  version = 2,          // no protocol version in common
  unauthenticated = 3,  // the secrets differ
  cluster = 4,          // of another cluster
  target = 5,           // somebody else was meant
  unknown_member = 6,   // not, or no longer, a member
  incarnation = 7,      // the member's disk is another one
  engine = 8,           // it has another replication engine
};

struct PeerRefusal {
  RefuseReason reason = RefuseReason::malformed;
  std::string text;  // for people, up to 200 bytes
  friend bool operator==(const PeerRefusal&, const PeerRefusal&) = default;
};

[[nodiscard]] std::string_view name_of(RefuseReason reason);

// Each appends to `out`. The mac stands last, so that what it covers is the encoding without its
// last 32 bytes.
void encode_challenge(const PeerChallenge& challenge, std::string& out);
void encode_hello(const PeerHello& hello, std::string& out);
void encode_welcome(const PeerWelcome& welcome, std::string& out);
void encode_refusal(const PeerRefusal& refusal, std::string& out);

[[nodiscard]] base::Result<PeerChallenge> decode_challenge(base::ByteView encoded);
[[nodiscard]] base::Result<PeerHello> decode_hello(base::ByteView encoded);
[[nodiscard]] base::Result<PeerWelcome> decode_welcome(base::ByteView encoded);
[[nodiscard]] base::Result<PeerRefusal> decode_refusal(base::ByteView encoded);

}  // namespace ostraka::codec
