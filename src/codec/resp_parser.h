// An incremental parser of Redis requests (RESP arrays of bulk strings, and inline commands).
//
// The bytes stay where they are: the caller presents everything it has not consumed, again from the
// same beginning when more has arrived, and the arguments are views into what it presented. Nothing
// is scanned twice. The result does not depend on how the bytes were cut into pieces.
//
// Limits are checked when a length is announced, before its bytes are waited for, so a caller never
// holds more than RespLimits::request_bytes_max plus one header line for one connection.
// Threads: none. Source: the Redis serialization protocol specification, "Inline commands" and
// "Sending commands".
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ostraka::codec {

struct RespLimits {
  std::uint32_t arguments_max = 1'048'576;    // of one request
  std::size_t bulk_bytes_max = 64U << 20;     // of one argument
  std::size_t request_bytes_max = 96U << 20;  // of all arguments of one request
  std::size_t line_bytes_max = 64U << 10;     // of an inline command or a header line
};

class RespRequestParser {
 public:
  enum class Status : std::uint8_t {
    need_more,  // incomplete: present the same bytes again with what follows
    request,    // arguments() are valid; consumed() bytes belong to it. No argument: nothing to do
    error,      // error_text() says why; the connection cannot be used further
  };

  // `limits` outlive the parser.
  explicit RespRequestParser(const RespLimits& limits) : limits_(&limits) {}
  explicit RespRequestParser(RespLimits&& limits) = delete;

  // Stricter limits (other error texts) until the client has authenticated.
  void set_unauthenticated(bool unauthenticated) { unauthenticated_ = unauthenticated; }

  // Parses on. `bytes` begins where the current request begins.
  Status parse(base::ByteView bytes);
  // After `request`: forgets it; the next bytes presented begin behind it. Views become invalid.
  void next();

  [[nodiscard]] std::span<const base::ByteView> arguments() const { return arguments_; }
  [[nodiscard]] std::size_t consumed() const { return position_; }
  // Without prefix, as Redis words it: "Protocol error: invalid bulk length".
  [[nodiscard]] const std::string& error_text() const { return error_; }

 private:
  struct Slice {
    std::size_t offset;
    std::size_t length;
  };
  enum class Step : std::uint8_t { go_on, need_more, done, failed };

  Step begin(base::ByteView bytes);
  Step parse_bulk_header(base::ByteView bytes);
  Step parse_bulk_body(base::ByteView bytes);
  Step parse_inline(base::ByteView bytes);
  bool split_inline(base::ByteView line);
  // The line that starts at position_, without its end. `too_long` names what is too long.
  Step take_line(base::ByteView bytes, const char* too_long, base::ByteView& line);
  Step fail(std::string text);
  void resolve(base::ByteView bytes);

  enum class Stage : std::uint8_t { start, bulk_header, bulk_body, inline_line, done, failed };

  const RespLimits* limits_;
  bool unauthenticated_ = false;
  Stage stage_ = Stage::start;
  std::size_t position_ = 0;  // everything before is parsed
  std::size_t scanned_ = 0;   // no line end before, counted from position_
  std::uint32_t remaining_ = 0;
  std::size_t bulk_length_ = 0;
  std::size_t announced_bytes_ = 0;
  std::vector<Slice> slices_;
  std::vector<base::ByteView> arguments_;
  std::string inline_text_;  // unquoted arguments of an inline command, one behind the other
  bool is_inline_ = false;
  std::string error_;
};

}  // namespace ostraka::codec
