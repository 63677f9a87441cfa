#include "replica/internal/read_index_frame.h"

namespace ostraka::replica {
namespace {

constexpr std::uint8_t kVersion = 1;

bool is_known(std::uint8_t kind) {
  return kind == static_cast<std::uint8_t>(ReadIndexKind::commit_index) ||
         kind == static_cast<std::uint8_t>(ReadIndexKind::clock);
}

}  // namespace

void encode(const ReadIndexRequest& request, std::string& out) {
  base::Writer writer(out);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(request.kind));
  writer.u64(request.ticket);
}

void encode(const ReadIndexReply& reply, std::string& out) {
  base::Writer writer(out);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(reply.kind));
  writer.u64(reply.ticket);
  writer.u8(reply.ok ? 1 : 0);
  writer.u64(reply.index.value());
  writer.i64(reply.wall.as_milliseconds());
}

base::Result<ReadIndexRequest> decode_read_index_request(base::ByteView body) {
  base::Reader reader(body);
  const std::uint8_t version = reader.u8();
  const std::uint8_t kind = reader.u8();
  if (reader.ok() && (version != kVersion || !is_known(kind))) {
    return base::fail(base::ErrorCode::format_unknown, "read_index_request");
  }
  ReadIndexRequest request;
  request.kind = static_cast<ReadIndexKind>(kind);
  request.ticket = reader.u64();
  if (!reader.finished()) {
    return base::fail(base::ErrorCode::malformed, "read_index_request");
  }
  return request;
}

base::Result<ReadIndexReply> decode_read_index_reply(base::ByteView body) {
  base::Reader reader(body);
  const std::uint8_t version = reader.u8();
  const std::uint8_t kind = reader.u8();
  if (reader.ok() && (version != kVersion || !is_known(kind))) {
    return base::fail(base::ErrorCode::format_unknown, "read_index_reply");
  }
  ReadIndexReply reply;
  reply.kind = static_cast<ReadIndexKind>(kind);
  reply.ticket = reader.u64();
  reply.ok = reader.u8() != 0;
  reply.index = model::LogIndex(reader.u64());
  reply.wall = base::WallTime::from_milliseconds(reader.i64());
  if (!reader.finished()) {
    return base::fail(base::ErrorCode::malformed, "read_index_reply");
  }
  return reply;
}

}  // namespace ostraka::replica
