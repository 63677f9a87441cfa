#include "node/internal/admin_frame.h"

#include "codec/configuration.h"
#include "codec/peer_frame_greeting.h"

namespace ostraka::node {

namespace {

constexpr std::size_t kTextMax = 1U << 20;

base::Error malformed(const char* what) { return {base::ErrorCode::malformed, what}; }

std::string text_of(base::Reader& in) {
  const base::ByteView bytes = in.bytes();
  if (bytes.size() > kTextMax) {
    in.mark_bad();
    return {};
  }
  return std::string(bytes);
}

}  // namespace

std::string encode(const AdminRequest& request) {
  std::string out;
  base::Writer writer(out);
  writer.u64(request.id);
  writer.u8(static_cast<std::uint8_t>(request.op));
  writer.bytes(request.name);
  writer.bytes(request.address);
  writer.u64(request.incarnation.value());
  if (request.engine != 0) {
    writer.u8(request.engine);
  }
  return out;
}

base::Result<AdminRequest> decode_admin_request(base::ByteView body) {
  base::Reader in(body);
  AdminRequest request;
  request.id = in.u64();
  const std::uint8_t op = in.u8();
  request.name = text_of(in);
  request.address = text_of(in);
  request.incarnation = model::Incarnation(in.u64());
  if (in.remaining() != 0) {
    request.engine = in.u8();
  }
  if (!in.finished()) {
    return std::unexpected(malformed("administrative request"));
  }
  if (op < static_cast<std::uint8_t>(AdminOp::status) ||
      op > static_cast<std::uint8_t>(AdminOp::greet)) {
    return base::fail(base::ErrorCode::unsupported, "administrative request of a later version");
  }
  request.op = static_cast<AdminOp>(op);
  return request;
}

std::string encode(const AdminReply& reply) {
  std::string out;
  base::Writer writer(out);
  writer.u64(reply.id);
  writer.u16(reply.error);
  writer.bytes(reply.text);
  return out;
}

base::Result<AdminReply> decode_admin_reply(base::ByteView body) {
  base::Reader in(body);
  AdminReply reply;
  reply.id = in.u64();
  reply.error = in.u16();
  reply.text = text_of(in);
  if (!in.finished()) {
    return std::unexpected(malformed("administrative reply"));
  }
  return reply;
}

std::string encode(const JoinReply& reply) {
  std::string out;
  base::Writer writer(out);
  writer.u16(reply.error);
  writer.bytes(reply.text);
  writer.bytes(reply.redirect);
  writer.u64(reply.cluster.value());
  writer.u32(reply.node.value());
  std::string members;
  codec::encode_configuration(reply.members, members);
  writer.bytes(members);
  if (reply.engine != codec::kPeerEngineRaft) {
    writer.u8(reply.engine);
  }
  return out;
}

base::Result<JoinReply> decode_join_reply(base::ByteView body) {
  base::Reader in(body);
  JoinReply reply;
  reply.error = in.u16();
  reply.text = text_of(in);
  reply.redirect = text_of(in);
  reply.cluster = model::ClusterId(in.u64());
  reply.node = model::NodeId(in.u32());
  const base::ByteView members = in.bytes();
  if (in.remaining() != 0) {
    reply.engine = in.u8();
  }
  if (!in.finished()) {
    return std::unexpected(malformed("reply to a request to join"));
  }
  OSTRAKA_ASSIGN(reply.members, codec::decode_configuration(members));
  return reply;
}

}  // namespace ostraka::node
