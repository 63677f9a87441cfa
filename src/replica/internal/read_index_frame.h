// The bodies of the frames read_index_request and read_index_reply. Format:
// docs/formats/read_index.md. Decoding never reads beyond the view; errors: malformed,
// format_unknown.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

#include <cstdint>
#include <string>

namespace ostraka::replica {

enum class ReadIndexKind : std::uint8_t {
  commit_index = 1,  // the leader's commit index, its leadership confirmed after receipt
  clock = 2,         // the wall clock of the receiver
};

struct ReadIndexRequest {
  ReadIndexKind kind = ReadIndexKind::commit_index;
  std::uint64_t ticket = 0;  // echoed
};

struct ReadIndexReply {
  ReadIndexKind kind = ReadIndexKind::commit_index;
  std::uint64_t ticket = 0;
  bool ok = false;  // false: not the leader, or leadership could not be confirmed
  model::LogIndex index;
  base::WallTime wall;
};

void encode(const ReadIndexRequest& request, std::string& out);
void encode(const ReadIndexReply& reply, std::string& out);
[[nodiscard]] base::Result<ReadIndexRequest> decode_read_index_request(base::ByteView body);
[[nodiscard]] base::Result<ReadIndexReply> decode_read_index_reply(base::ByteView body);

}  // namespace ostraka::replica
