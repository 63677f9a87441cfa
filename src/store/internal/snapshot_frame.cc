#include "store/internal/snapshot_frame.h"

#include "base/hash.h"

namespace ostraka::store {
namespace {

constexpr std::uint8_t kVersion = 1;
// Files of one snapshot: families times a generous number of tables.
constexpr std::uint64_t kFilesMax = 65'536;

void read_begin(base::Reader& reader, SnapshotChunk& chunk) {
  chunk.leader_term = model::Term(reader.u64());
  chunk.index = model::LogIndex(reader.u64());
  chunk.term = model::Term(reader.u64());
  chunk.configuration = reader.bytes();
  const std::uint64_t count = reader.varint();
  if (count > kFilesMax || count > reader.remaining()) {
    reader.mark_bad();
    return;
  }
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    SnapshotChunk::File file;
    const std::uint8_t family = reader.u8();
    if (family >= port::kFamilyCount) {
      reader.mark_bad();
      return;
    }
    file.family = static_cast<port::Family>(family);
    file.bytes = reader.varint();
    chunk.files.push_back(file);
  }
}

}  // namespace

void encode(const SnapshotChunk& chunk, std::string& out) {
  base::Writer writer(out);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(chunk.kind));
  writer.u64(chunk.transfer);
  writer.varint(chunk.sequence);
  switch (chunk.kind) {
    case ChunkKind::begin:
      writer.u64(chunk.leader_term.value());
      writer.u64(chunk.index.value());
      writer.u64(chunk.term.value());
      writer.bytes(chunk.configuration);
      writer.varint(chunk.files.size());
      for (const SnapshotChunk::File& file : chunk.files) {
        writer.u8(static_cast<std::uint8_t>(file.family));
        writer.varint(file.bytes);
      }
      return;
    case ChunkKind::piece:
      writer.varint(chunk.file);
      writer.varint(chunk.offset);
      writer.u64(base::hash64(chunk.bytes, chunk.transfer));
      writer.bytes(chunk.bytes);
      return;
    case ChunkKind::end:
      writer.u64(chunk.checksum);
      return;
  }
}

void encode(const SnapshotReply& reply, std::string& out) {
  base::Writer writer(out);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(reply.kind));
  writer.u64(reply.transfer);
  writer.varint(reply.sequence);
  writer.u16(reply.error);
}

base::Result<SnapshotChunk> decode_snapshot_chunk(base::ByteView body) {
  base::Reader reader(body);
  const std::uint8_t version = reader.u8();
  const std::uint8_t kind = reader.u8();
  if (!reader.ok()) {
    return base::fail(base::ErrorCode::malformed, "snapshot_chunk");
  }
  if (version != kVersion || kind < 1 || kind > 3) {
    return base::fail(base::ErrorCode::format_unknown, "snapshot_chunk");
  }
  SnapshotChunk chunk;
  chunk.kind = static_cast<ChunkKind>(kind);
  chunk.transfer = reader.u64();
  chunk.sequence = reader.varint();
  bool intact = true;
  if (chunk.kind == ChunkKind::begin) {
    read_begin(reader, chunk);
  } else if (chunk.kind == ChunkKind::piece) {
    const std::uint64_t file = reader.varint();
    if (file >= kFilesMax) {
      reader.mark_bad();
    }
    chunk.file = static_cast<std::uint32_t>(file);
    chunk.offset = reader.varint();
    const std::uint64_t checksum = reader.u64();
    chunk.bytes = reader.bytes();
    intact = checksum == base::hash64(chunk.bytes, chunk.transfer);
  } else {
    chunk.checksum = reader.u64();
  }
  if (!reader.finished()) {
    return base::fail(base::ErrorCode::malformed, "snapshot_chunk");
  }
  if (!intact) {
    return base::fail(base::ErrorCode::corruption, "a piece of a snapshot");
  }
  return chunk;
}

base::Result<SnapshotReply> decode_snapshot_reply(base::ByteView body) {
  base::Reader reader(body);
  const std::uint8_t version = reader.u8();
  const std::uint8_t kind = reader.u8();
  if (!reader.ok()) {
    return base::fail(base::ErrorCode::malformed, "snapshot_reply");
  }
  if (version != kVersion || kind < 1 || kind > 3) {
    return base::fail(base::ErrorCode::format_unknown, "snapshot_reply");
  }
  SnapshotReply reply;
  reply.kind = static_cast<ReplyKind>(kind);
  reply.transfer = reader.u64();
  reply.sequence = reader.varint();
  reply.error = reader.u16();
  if (!reader.finished()) {
    return base::fail(base::ErrorCode::malformed, "snapshot_reply");
  }
  return reply;
}

}  // namespace ostraka::store
