#include "store/internal/snapshot_frame.h"

#include "base/hash.h"

#include <gtest/gtest.h>

namespace ostraka::store {
namespace {

constexpr std::uint64_t kTransfer = 7;

// A piece "bytes" of file number `file`, at offset 5.
std::string encoded_piece(std::uint64_t file) {
  std::string body;
  base::Writer writer(body);
  writer.u8(1);
  writer.u8(static_cast<std::uint8_t>(ChunkKind::piece));
  writer.u64(kTransfer);
  writer.varint(3);
  writer.varint(file);
  writer.varint(5);
  writer.u64(base::hash64("bytes", kTransfer));
  writer.bytes("bytes");
  return body;
}

TEST(SnapshotFrame, APieceNamesItsFile) {
  const std::string body = encoded_piece(2);
  const base::Result<SnapshotChunk> chunk = decode_snapshot_chunk(body);
  ASSERT_TRUE(chunk.has_value()) << chunk.error().to_string();
  EXPECT_EQ(chunk->kind, ChunkKind::piece);
  EXPECT_EQ(chunk->file, 2U);
  EXPECT_EQ(chunk->bytes, "bytes");
  std::string again;
  encode(*chunk, again);
  EXPECT_EQ(again, body);
}

TEST(SnapshotFrame, AFileNumberBeyondTheTablesIsMalformed) {
  const std::string body = encoded_piece((std::uint64_t{1} << 32U) + 2);
  const base::Result<SnapshotChunk> chunk = decode_snapshot_chunk(body);
  ASSERT_FALSE(chunk.has_value());
  EXPECT_EQ(chunk.error().code, base::ErrorCode::malformed);
}

TEST(SnapshotFrame, WhatIsCutShortIsMalformed) {
  const std::string piece = encoded_piece(2);
  for (std::size_t size = 0; size < piece.size(); ++size) {
    const auto chunk = decode_snapshot_chunk(base::ByteView(piece).substr(0, size));
    ASSERT_FALSE(chunk.has_value()) << size;
    EXPECT_EQ(chunk.error().code, base::ErrorCode::malformed) << size;
  }
  std::string reply;
  encode(SnapshotReply{.kind = ReplyKind::failed, .transfer = 1, .sequence = 2, .error = 3}, reply);
  for (std::size_t size = 0; size < reply.size(); ++size) {
    const auto decoded = decode_snapshot_reply(base::ByteView(reply).substr(0, size));
    ASSERT_FALSE(decoded.has_value()) << size;
    EXPECT_EQ(decoded.error().code, base::ErrorCode::malformed) << size;
  }
}

}  // namespace
}  // namespace ostraka::store
