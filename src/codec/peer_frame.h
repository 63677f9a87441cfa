// Frames between nodes: a header of 24 bytes, then a body. Format: docs/formats/peer.md.
//
//   body length u32 · checksum u64 · type u8 · zero u8 · zero u16 · shard u64 · body
//
// The checksum is XXH3-64 over everything behind it, seeded per connection and direction, so that a
// frame of another session is not taken. A decoder takes bytes in any pieces, holds at most one
// frame, and never allocates by a length that it has only been told.
//
// Threads: values; no sharing.
#pragma once

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"
#include "model/ids.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ostraka::codec {

inline constexpr std::size_t kPeerFrameHeaderBytes = 24;
// Types 1 to this one are peer::FrameType: what runs above a session.
inline constexpr std::uint8_t kPeerApplicationFrameMax = 11;

// The session's own frames. Numbers are on the wire: never re-used.
enum class SessionFrame : std::uint8_t {
  challenge = 240,
  hello = 241,
  welcome = 242,
  refuse = 243,
  ping = 244,  // body: u64, comes back in the pong
  pong = 245,
};

[[nodiscard]] bool is_known_peer_frame(std::uint8_t type);

struct PeerFrameHeader {
  std::uint32_t body_bytes = 0;
  std::uint8_t type = 0;
  model::ShardId shard;
};

// Builds frames of one direction of one connection.
class PeerFrameWriter {
 public:
  explicit PeerFrameWriter(std::uint64_t seed = 0) : seed_(seed) {}
  void set_seed(std::uint64_t seed) { seed_ = seed; }
  // Appends room for a header to `out`; the caller appends the body and calls finish(). Returns
  // where the frame begins.
  [[nodiscard]] std::size_t begin(std::string& out) const;
  // Completes the frame that begins at `at` and ends with `out`. `attached` follows it on the wire
  // without being copied; it belongs to the body.
  void finish(std::string& out, std::size_t at, const PeerFrameHeader& header,
              std::span<const base::Buffer> attached = {});
  // A whole frame.
  void append(std::string& out, std::uint8_t type, model::ShardId shard, base::ByteView body);

 private:
  std::uint64_t seed_;
  base::Hasher hasher_;
};

// Takes frames apart. After an error it takes nothing more.
class PeerFrameReader {
 public:
  PeerFrameReader(std::size_t body_bytes_max, std::uint64_t seed)
      : body_bytes_max_(body_bytes_max), seed_(seed) {}
  // From the next frame on (after the greeting).
  void set(std::size_t body_bytes_max, std::uint64_t seed);

  // Takes bytes from the front of `in`. True: header() and body() are one frame, until the next
  // call or until `in`'s memory goes. False: more bytes are needed; what is left in `in` must come
  // again. Errors: too_large, format_unknown (an unknown type), corruption (checksum), malformed.
  [[nodiscard]] base::Result<bool> next(base::ByteView& in);
  [[nodiscard]] const PeerFrameHeader& header() const { return header_; }
  [[nodiscard]] base::ByteView body() const { return body_; }
  // Bytes of the body from `offset` on, owned: large frames are handed over without a copy.
  [[nodiscard]] base::Buffer take_body(std::size_t offset);

 private:
  [[nodiscard]] base::Status parse_header(base::ByteView bytes);
  [[nodiscard]] base::Status verify(base::ByteView covered) const;

  std::size_t body_bytes_max_;
  std::uint64_t seed_;
  PeerFrameHeader header_;
  std::uint64_t checksum_ = 0;
  base::ByteView body_;
  std::string held_;       // a frame that came in pieces, from the type on
  bool in_frame_ = false;  // header_ is known, held_ is being filled
  bool held_is_frame_ = false;
};

}  // namespace ostraka::codec
