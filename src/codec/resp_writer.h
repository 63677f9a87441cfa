// Appends replies in RESP2 or RESP3 to a string that the caller reuses.
//
// Threads: none. Source: the Redis serialization protocol specification. A type that RESP2 does not
// have is written as Redis writes it there: a map as a flat array, a set as an array, null as a
// null bulk string, a double as a bulk string, a verbatim string as a bulk string.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <string>

namespace ostraka::codec {

enum class RespProtocol : std::uint8_t { resp2 = 2, resp3 = 3 };

class RespWriter {
 public:
  RespWriter(std::string& out, RespProtocol protocol) : out_(out), protocol_(protocol) {}

  // `text` without line breaks.
  void simple(base::ByteView text);
  // `text` begins with the error's prefix ("ERR …"); line breaks become spaces.
  void error(base::ByteView text);
  void integer(std::int64_t value) { header(':', value); }
  void bulk(base::ByteView bytes);
  void bulk_integer(std::int64_t value);
  // `text` is text for people ("txt").
  void verbatim(base::ByteView text);
  void null();
  void null_array();
  void boolean(bool value);
  void array(std::size_t count) { header('*', static_cast<std::int64_t>(count)); }
  // `pairs` keys, each followed by its value.
  void map(std::size_t pairs);
  void set(std::size_t count);

  [[nodiscard]] std::string& out() { return out_; }
  [[nodiscard]] RespProtocol protocol() const { return protocol_; }
  [[nodiscard]] bool is_resp3() const { return protocol_ == RespProtocol::resp3; }

 private:
  void header(char type, std::int64_t value);

  std::string& out_;
  RespProtocol protocol_;
};

}  // namespace ostraka::codec
