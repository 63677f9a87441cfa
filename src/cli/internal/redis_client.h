// A small blocking Redis client: requests out, replies in order.
//
// Threads: one. Errors: connection_refused (nothing was sent), connection_closed and
// deadline_exceeded (a request sent before may or may not be done), malformed.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "cli/internal/socket.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::cli {

struct Reply {
  enum class Kind : std::uint8_t { nil, text, error, integer, array };
  Kind kind = Kind::nil;
  std::string text;  // simple and bulk strings, errors
  std::int64_t integer = 0;
  std::vector<Reply> items;

  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
  [[nodiscard]] bool is_ok() const { return kind == Kind::text && text == "OK"; }
};

// Appends a request as RESP.
void append_request(std::string& out, std::span<const std::string_view> words);

class RedisClient {
 public:
  [[nodiscard]] static base::Result<RedisClient> connect(const std::string& address,
                                                         const std::string& password,
                                                         base::Duration limit);
  [[nodiscard]] base::Result<Reply> call(std::initializer_list<std::string_view> words);
  [[nodiscard]] base::Result<Reply> call(std::span<const std::string_view> words);
  // Pipelining: several requests, then as many receive().
  [[nodiscard]] base::Status send(std::string_view requests);
  [[nodiscard]] base::Result<Reply> receive();

 private:
  [[nodiscard]] base::Result<std::string> line();
  [[nodiscard]] base::Result<Reply> parse(int depth);

  Socket socket_;
  std::string in_;
  std::size_t at_ = 0;  // consumed of in_
};

}  // namespace ostraka::cli
