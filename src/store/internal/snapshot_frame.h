// The bodies of the frames snapshot_chunk and snapshot_reply. Format: docs/formats/snapshot.md.
// Decoding never reads beyond the view; views of a decoded chunk point into the body. Errors:
// malformed, format_unknown, corruption (the checksum of a piece).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "port/engine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::store {

enum class ChunkKind : std::uint8_t { begin = 1, piece = 2, end = 3 };

struct SnapshotChunk {
  ChunkKind kind = ChunkKind::begin;
  std::uint64_t transfer = 0;  // chosen by the sender, unique for its process life
  std::uint64_t sequence = 0;  // 0 = begin, then rising by one

  // begin
  model::Term leader_term;
  model::LogIndex index;
  model::Term term;
  base::ByteView configuration;  // encoded
  struct File {
    port::Family family = port::Family::data;
    std::uint64_t bytes = 0;
  };
  std::vector<File> files;

  // piece: bytes of the file `file` at `offset`
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  base::ByteView bytes;

  // end: hash over all pieces in order
  std::uint64_t checksum = 0;
};

enum class ReplyKind : std::uint8_t { progress = 1, installed = 2, failed = 3 };

struct SnapshotReply {
  ReplyKind kind = ReplyKind::progress;
  std::uint64_t transfer = 0;
  std::uint64_t sequence = 0;  // everything up to here is written (progress)
  std::uint16_t error = 0;     // a number of the error table (failed)
};

void encode(const SnapshotChunk& chunk, std::string& out);
void encode(const SnapshotReply& reply, std::string& out);
[[nodiscard]] base::Result<SnapshotChunk> decode_snapshot_chunk(base::ByteView body);
[[nodiscard]] base::Result<SnapshotReply> decode_snapshot_reply(base::ByteView body);

}  // namespace ostraka::store
