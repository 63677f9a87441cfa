// The bodies of forward_request and forward_reply frames. Formats: docs/formats/forward_frame.md.
//
// Threads: values. Errors of reading: malformed.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::router {

// Numbers are on the wire: never re-used.
enum class RequestKind : std::uint8_t { commands = 1, reads = 2, register_session = 3 };
enum class ReplyKind : std::uint8_t {
  result = 1,
  refused = 2,
  read_result = 3,
  lost = 4,  // replies were lost before this one: what is unanswered is to be asked again
};

struct CommandsHeader {
  model::SessionId session;
  model::Serial first_serial;
  model::Serial acknowledged;
};

// Appends the start of a request; the caller then appends each command with its length.
void begin_commands(std::string& out, const CommandsHeader& header);
void begin_reads(std::string& out);
void add_read(std::string& out, std::uint64_t id, base::ByteView command);
void encode_register(std::string& out, model::SessionId session);

// A decoded request. Views point into the frame.
struct ForwardedRead {
  std::uint64_t id = 0;
  base::ByteView command;
};
struct ForwardRequest {
  RequestKind kind = RequestKind::commands;
  CommandsHeader header;                 // commands; register_session uses header.session
  std::vector<base::ByteView> commands;  // commands
  std::vector<ForwardedRead> reads;      // reads
};
// Fills `request`, reusing its capacity.
[[nodiscard]] base::Status decode_request(base::ByteView body, ForwardRequest& request);

// One record of a reply frame; a frame is a sequence of them.
struct ReplyRecord {
  ReplyKind kind = ReplyKind::result;
  model::SessionId session = {};  // result, refused
  std::uint64_t number = 0;       // serial, first serial, or id of the read
  std::uint32_t count = 0;        // refused
  std::uint16_t error = 0;        // 0 = success; else a number of the error table
  base::ByteView results = {};    // result, read_result
};
void encode_reply(std::string& out, const ReplyRecord& record);
// The next record; false at the end of the frame.
[[nodiscard]] base::Result<bool> next_reply(base::Reader& in, ReplyRecord& record);

// The error that a number of a reply stands for; a number of a later version is unknown_outcome.
[[nodiscard]] base::Error error_from(std::uint16_t number);

}  // namespace ostraka::router
