// Snapshots in pieces, and the answers, on arbitrary bytes (faults: F3, F5): what is accepted,
// encoded and decoded again, is the same.
#include "base/assert.h"
#include "base/inverse_test.h"
#include "base/one_of_test.h"
#include "store/internal/snapshot_frame.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace ostraka;

template <typename Decode>
void comes_back(base::ByteView input, Decode decode) {
  const auto once = base::testing::comes_back(
      input, decode, [](const auto& frame, std::string& out) { store::encode(frame, out); });
  OSTRAKA_ASSERT(!once || once->size() <= input.size(), "the encoding is the shortest");
}

void chunk(base::ByteView input) { comes_back(input, store::decode_snapshot_chunk); }
void reply(base::ByteView input) { comes_back(input, store::decode_snapshot_reply); }

// As many as one snapshot may have (snapshot_frame.cc).
constexpr std::uint32_t kFilesMax = 65'536;

// With the right checksum.
void piece(base::ByteView input) {
  store::SnapshotChunk sent;
  sent.kind = store::ChunkKind::piece;
  base::Reader in(input);
  sent.transfer = in.u64();
  sent.sequence = in.u64();
  sent.file = in.u32() % kFilesMax;
  sent.offset = in.u64();
  sent.bytes = in.rest();
  std::string wire;
  store::encode(sent, wire);
  const auto received = store::decode_snapshot_chunk(wire);
  OSTRAKA_ASSERT(received.has_value() && received->bytes == sent.bytes &&
                     received->file == sent.file && received->offset == sent.offset &&
                     received->transfer == sent.transfer && received->sequence == sent.sequence,
                 "what is written is read");
  for (std::size_t i = 0; i < sent.bytes.size(); ++i) {
    std::string damaged = wire;
    damaged[wire.size() - 1 - i] = static_cast<char>(damaged[wire.size() - 1 - i] ^ 1);
    OSTRAKA_ASSERT(!store::decode_snapshot_chunk(damaged).has_value(), "damage is seen");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return base::testing::run_one_of(data, size, {chunk, reply, piece});
}
