#include "codec/peer_frame.h"

#include "base/assert.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace ostraka::codec {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kCoveredFrom = kLengthBytes + kChecksumBytes;
// Part of the header that the checksum covers: type, zeros, shard.
constexpr std::size_t kCoveredHeaderBytes = kPeerFrameHeaderBytes - kCoveredFrom;

template <typename T>
void put(std::string& out, std::size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof(value));
}

}  // namespace

bool is_known_peer_frame(std::uint8_t type) {
  return (type >= 1 && type <= kPeerApplicationFrameMax) ||
         (type >= static_cast<std::uint8_t>(SessionFrame::challenge) &&
          type <= static_cast<std::uint8_t>(SessionFrame::pong));
}

std::size_t PeerFrameWriter::begin(std::string& out) const {
  const std::size_t at = out.size();
  out.append(kPeerFrameHeaderBytes, '\0');
  return at;
}

void PeerFrameWriter::finish(std::string& out, std::size_t at, const PeerFrameHeader& header,
                             std::span<const base::Buffer> attached) {
  OSTRAKA_ASSERT(is_known_peer_frame(header.type), "a frame type that peers do not know");
  std::size_t body_bytes = out.size() - at - kPeerFrameHeaderBytes;
  for (const base::Buffer& piece : attached) {
    body_bytes += piece.size();
  }
  OSTRAKA_ASSERT(body_bytes <= std::numeric_limits<std::uint32_t>::max(), "frame too large");
  put(out, at, static_cast<std::uint32_t>(body_bytes));
  put(out, at + kCoveredFrom, header.type);
  put(out, at + kCoveredFrom + 4, header.shard.value());
  const base::ByteView covered = base::ByteView(out).substr(at + kCoveredFrom);
  std::uint64_t checksum = 0;
  if (attached.empty()) {
    checksum = base::hash64(covered, seed_);
  } else {
    hasher_.reset(seed_);
    hasher_.update(covered);
    for (const base::Buffer& piece : attached) {
      hasher_.update(piece.view());
    }
    checksum = hasher_.digest();
  }
  put(out, at + kLengthBytes, checksum);
}

void PeerFrameWriter::append(std::string& out, std::uint8_t type, model::ShardId shard,
                             base::ByteView body) {
  const std::size_t at = begin(out);
  out.append(body);
  finish(out, at, PeerFrameHeader{.body_bytes = 0, .type = type, .shard = shard});
}

void PeerFrameReader::set(std::size_t body_bytes_max, std::uint64_t seed) {
  OSTRAKA_ASSERT(!in_frame_, "between frames only");
  body_bytes_max_ = body_bytes_max;
  seed_ = seed;
}

base::Status PeerFrameReader::parse_header(base::ByteView bytes) {
  base::Reader reader(bytes);
  header_.body_bytes = reader.u32();
  checksum_ = reader.u64();
  header_.type = reader.u8();
  const std::uint8_t zero8 = reader.u8();
  const std::uint16_t zero16 = reader.u16();
  header_.shard = model::ShardId(reader.u64());
  if (!is_known_peer_frame(header_.type)) {
    return base::fail(base::ErrorCode::format_unknown,
                      "peer frame of type " + std::to_string(header_.type));
  }
  if (zero8 != 0 || zero16 != 0) {
    return base::fail(base::ErrorCode::format_unknown, "peer frame with unknown flags");
  }
  if (header_.body_bytes > body_bytes_max_) {
    return base::fail(base::ErrorCode::too_large,
                      "peer frame of " + std::to_string(header_.body_bytes) + " bytes");
  }
  return {};
}

base::Status PeerFrameReader::verify(base::ByteView covered) const {
  if (base::hash64(covered, seed_) != checksum_) {
    return base::fail(base::ErrorCode::corruption, "peer frame: checksum");
  }
  return {};
}

base::Result<bool> PeerFrameReader::next(base::ByteView& in) {
  if (held_is_frame_) {
    held_is_frame_ = false;
    held_.clear();
  }
  body_ = {};
  if (!in_frame_) {
    if (in.size() < kPeerFrameHeaderBytes) {
      return false;
    }
    OSTRAKA_TRY(parse_header(in));
    const std::size_t frame_bytes = kPeerFrameHeaderBytes + header_.body_bytes;
    if (in.size() >= frame_bytes) {
      const base::ByteView covered = in.substr(kCoveredFrom, frame_bytes - kCoveredFrom);
      OSTRAKA_TRY(verify(covered));
      body_ = covered.substr(kCoveredHeaderBytes);
      in.remove_prefix(frame_bytes);
      return true;
    }
    held_.assign(in.substr(kCoveredFrom, kCoveredHeaderBytes));
    in.remove_prefix(kPeerFrameHeaderBytes);
    in_frame_ = true;
  }
  const std::size_t missing = kCoveredHeaderBytes + header_.body_bytes - held_.size();
  const std::size_t taken = std::min(missing, in.size());
  held_.append(in.substr(0, taken));
  in.remove_prefix(taken);
  if (taken < missing) {
    return false;
  }
  in_frame_ = false;
  held_is_frame_ = true;
  OSTRAKA_TRY(verify(held_));
  body_ = base::ByteView(held_).substr(kCoveredHeaderBytes);
  return true;
}

base::Buffer PeerFrameReader::take_body(std::size_t offset) {
  OSTRAKA_ASSERT(offset <= body_.size(), "offset outside the body");
  const std::size_t length = body_.size() - offset;
  if (!held_is_frame_) {
    return base::Buffer::copy(body_.substr(offset));
  }
  held_is_frame_ = false;
  body_ = {};
  return base::Buffer::take(std::exchange(held_, {})).slice(kCoveredHeaderBytes + offset, length);
}

}  // namespace ostraka::codec
