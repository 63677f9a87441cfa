// What nodes send each other, on arbitrary bytes (F3): frames do not depend on chunking and stay
// within their bound; what a decoder accepts, encoded and decoded again, is the same.
#include "base/assert.h"
#include "base/chunking_test.h"
#include "codec/peer_frame.h"
#include "codec/peer_frame_greeting.h"
#include "codec/peer_frame_message.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace {

using namespace ostraka;

constexpr std::size_t kBodyMax = 200;

std::string run(base::ByteView input, std::size_t step) {
  codec::PeerFrameReader reader(kBodyMax, 1);
  const auto take = [&reader](base::ByteView& in, std::string& story) {
    for (;;) {
      const auto complete = reader.next(in);
      if (!complete.has_value()) {
        story += "!" + std::string(name_of(complete.error().code));
        return false;
      }
      if (!*complete) {
        return true;
      }
      OSTRAKA_ASSERT(reader.body().size() <= kBodyMax, "bodies are bounded");
      story += std::to_string(reader.header().type) + "/" + std::string(reader.body()) + ";";
    }
  };
  return base::testing::story_of(input, step, codec::kPeerFrameHeaderBytes - 1, take);
}

void frames(base::ByteView input, std::size_t step) {
  base::testing::expect_same_in_pieces(input.size(), step,
                                       [input](std::size_t piece) { return run(input, piece); });
}

// Frames with the right checksum, so that what lies behind it is reached: the input is a list of
// bodies.
void valid_frames(base::ByteView input, std::size_t step) {
  std::string wire;
  codec::PeerFrameWriter writer(1);
  std::string expected;
  for (std::size_t at = 0; at < input.size(); at += 37) {
    const base::ByteView body = input.substr(at, 37);
    const auto type = static_cast<std::uint8_t>(
        static_cast<unsigned char>(body[0]) % codec::kPeerApplicationFrameMax + 1);
    writer.append(wire, type, model::ShardId(at), body);
    expected += std::to_string(type) + "/" + std::string(body) + ";";
  }
  OSTRAKA_ASSERT(run(wire, step) == expected + " and 0 bytes", "what is written is read");
}

void message(base::ByteView input) {
  protocol::Message decoded;
  const auto at = codec::decode_message(input, decoded);
  if (!at.has_value()) {
    return;
  }
  std::string once;
  codec::encode_message(decoded, once);
  const std::string payloads(input.substr(*at));
  protocol::Message again;
  const auto at_again = codec::decode_message(once + payloads, again);
  OSTRAKA_ASSERT(at_again.has_value() && *at_again == once.size(), "the encoding is accepted");
  std::string twice;
  codec::encode_message(again, twice);
  OSTRAKA_ASSERT(twice == once, "decode and encode are inverse");
  OSTRAKA_ASSERT(again.entries == decoded.entries && again.commit == decoded.commit &&
                     again.stamp == decoded.stamp && again.context == decoded.context,
                 "the values come back");
}

template <typename Decode, typename Encode>
void same_bytes(base::ByteView input, Decode decode, Encode encode) {
  const auto decoded = decode(input);
  if (decoded.has_value()) {
    std::string out;
    encode(*decoded, out);
    OSTRAKA_ASSERT(decode(out) == decoded, "comes back");
  }
}

void greeting(base::ByteView input) {
  same_bytes(input, codec::decode_challenge, codec::encode_challenge);
  same_bytes(input, codec::decode_hello, codec::encode_hello);
  same_bytes(input, codec::decode_welcome, codec::encode_welcome);
  same_bytes(input, codec::decode_refusal, codec::encode_refusal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string bytes(data + 2, data + size);
  const std::size_t step = data[1] % 32U + 1U;
  switch (data[0] % 4) {
    case 0:
      frames(bytes, step);
      break;
    case 1:
      valid_frames(bytes, step);
      break;
    case 2:
      message(bytes);
      break;
    default:
      greeting(bytes);
      break;
  }
  return 0;
}
