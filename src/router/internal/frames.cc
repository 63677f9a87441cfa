#include "router/internal/frames.h"

namespace ostraka::router {

namespace {

base::Status malformed(const char* what) { return base::fail(base::ErrorCode::malformed, what); }

}  // namespace

void begin_commands(std::string& out, const CommandsHeader& header) {
  base::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(RequestKind::commands));
  writer.u64(header.session.value());
  writer.varint(header.first_serial.value());
  writer.varint(header.acknowledged.value());
}

void begin_reads(std::string& out) {
  base::Writer(out).u8(static_cast<std::uint8_t>(RequestKind::reads));
}

void add_read(std::string& out, std::uint64_t id, base::ByteView command) {
  base::Writer writer(out);
  writer.varint(id);
  writer.bytes(command);
}

void encode_register(std::string& out, model::SessionId session) {
  base::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(RequestKind::register_session));
  writer.u64(session.value());
}

base::Status decode_request(base::ByteView body, ForwardRequest& request) {
  request.commands.clear();
  request.reads.clear();
  request.header = CommandsHeader{};
  base::Reader in(body);
  const std::uint8_t kind = in.u8();
  switch (kind) {
    case static_cast<std::uint8_t>(RequestKind::commands):
      request.kind = RequestKind::commands;
      request.header.session = model::SessionId(in.u64());
      request.header.first_serial = model::Serial(in.varint());
      request.header.acknowledged = model::Serial(in.varint());
      while (in.ok() && in.remaining() > 0) {
        request.commands.push_back(in.bytes());
      }
      if (request.header.first_serial.is_none() || request.commands.empty()) {
        return malformed("forwarded commands without a serial or a command");
      }
      break;
    case static_cast<std::uint8_t>(RequestKind::reads):
      request.kind = RequestKind::reads;
      while (in.ok() && in.remaining() > 0) {
        const std::uint64_t id = in.varint();
        request.reads.push_back({.id = id, .command = in.bytes()});
      }
      break;
    case static_cast<std::uint8_t>(RequestKind::register_session):
      request.kind = RequestKind::register_session;
      request.header.session = model::SessionId(in.u64());
      break;
    default:
      return malformed("forwarded request of an unknown kind");
  }
  return in.finished() ? base::Status{} : malformed("forwarded request");
}

void encode_reply(std::string& out, const ReplyRecord& record) {
  base::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(record.kind));
  if (record.kind == ReplyKind::lost) {
    return;
  }
  if (record.kind != ReplyKind::read_result) {
    writer.u64(record.session.value());
  }
  writer.varint(record.number);
  if (record.kind == ReplyKind::refused) {
    writer.varint(record.count);
  }
  writer.u16(record.error);
  if (record.kind != ReplyKind::refused && record.error == 0) {
    writer.bytes(record.results);
  }
}

base::Result<bool> next_reply(base::Reader& in, ReplyRecord& record) {
  if (in.remaining() == 0) {
    return false;
  }
  record = ReplyRecord{};
  const std::uint8_t kind = in.u8();
  if (kind < static_cast<std::uint8_t>(ReplyKind::result) ||
      kind > static_cast<std::uint8_t>(ReplyKind::lost)) {
    return base::fail(base::ErrorCode::malformed, "forwarded reply of an unknown kind");
  }
  record.kind = static_cast<ReplyKind>(kind);
  if (record.kind == ReplyKind::lost) {
    return true;
  }
  if (record.kind != ReplyKind::read_result) {
    record.session = model::SessionId(in.u64());
  }
  record.number = in.varint();
  if (record.kind == ReplyKind::refused) {
    const std::uint64_t count = in.varint();
    if (count > UINT32_MAX) {
      return base::fail(base::ErrorCode::malformed, "forwarded reply");
    }
    record.count = static_cast<std::uint32_t>(count);
  }
  record.error = in.u16();
  if (record.kind != ReplyKind::refused && record.error == 0) {
    record.results = in.bytes();
  }
  if (!in.ok()) {
    return base::fail(base::ErrorCode::malformed, "forwarded reply");
  }
  return true;
}

base::Error error_from(std::uint16_t number) {
  const auto code = base::error_code_from(number);
  return base::Error{code.value_or(base::ErrorCode::unknown_outcome), "answer of the leader"};
}

}  // namespace ostraka::router
