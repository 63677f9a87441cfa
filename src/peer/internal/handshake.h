// What two nodes prove to each other: that they know the secret of the cluster, now, for these two
// identities and this connection (docs/formats/peer.md, "Greeting").
//
// Threads: pure functions.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "codec/peer_frame_greeting.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::peer::internal {

inline constexpr std::uint16_t kVersionMin = 1;
inline constexpr std::uint16_t kVersionMax = 1;
inline constexpr std::uint64_t kFeatures = 0;

// The encoded greeting so far; the proofs cover it.
struct Transcript {
  std::string challenge;
  std::string hello;
  std::string welcome;
};

// Checksum seeds of the two directions once greeting is over.
struct FrameSeeds {
  std::uint64_t from_dialler = 0;
  std::uint64_t from_acceptor = 0;
};

// A nonce that nobody without the secret can foresee and that never comes again for this seed.
[[nodiscard]] codec::PeerNonce make_nonce(base::ByteView secret, std::uint64_t seed,
                                          std::uint64_t counter);

// Encodes `hello` with its proof into transcript.hello.
void seal_hello(base::ByteView secret, codec::PeerHello hello, Transcript& transcript);
// transcript.challenge and transcript.hello are set. True when the dialler knows the secret.
[[nodiscard]] bool verify_hello(base::ByteView secret, const Transcript& transcript);

void seal_welcome(base::ByteView secret, codec::PeerWelcome welcome, Transcript& transcript);
[[nodiscard]] bool verify_welcome(base::ByteView secret, const Transcript& transcript);

[[nodiscard]] FrameSeeds frame_seeds(base::ByteView secret, const Transcript& transcript);

// The highest version that both speak, or nothing.
[[nodiscard]] std::optional<std::uint16_t> common_version(std::uint16_t peer_min,
                                                          std::uint16_t peer_max);

}  // namespace ostraka::peer::internal
