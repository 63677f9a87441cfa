// HTTP/1.0 and 1.1 messages, as far as a small server needs them (RFC 9112): requests taken apart,
// responses built.
//
// Strict: no bare line feeds, no folded headers, no ambiguous lengths (several different
// Content-Length, any Transfer-Encoding), so that nobody can read a request otherwise than we do.
// Threads: values; no sharing.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostraka::codec {

struct HttpLimits {
  std::size_t head_bytes_max = 8U << 10;  // request line and headers
  std::size_t headers_max = 64;
  std::size_t body_bytes_max = 1U << 20;
};

// One request. Views point into the parser until its next call.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // begins with '/'; as sent, not decoded
  std::string_view query;  // behind '?', without it
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;
  bool keep_alive = false;

  // The value of the first header with this name (case does not matter), or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

class HttpRequestParser {
 public:
  explicit HttpRequestParser(HttpLimits limits = {}) : limits_(limits) {}
  HttpRequestParser(const HttpRequestParser&) = delete;  // request() points into it
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;
  // Takes bytes from the front of `in`. True: request() is complete. False: more bytes are needed;
  // what is left in `in` must come again. After an error the connection cannot go on. Errors:
  // malformed (400), too_large (413, 431), unsupported (501), format_unknown (505).
  [[nodiscard]] base::Result<bool> next(base::ByteView& in);
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  // Some of a request has arrived, but not all.
  [[nodiscard]] bool in_request() const { return in_body_; }

 private:
  [[nodiscard]] base::Status parse_head();
  [[nodiscard]] base::Status parse_request_line(std::string_view line);
  [[nodiscard]] base::Status parse_header(std::string_view line);
  [[nodiscard]] base::Status parse_length();

  HttpLimits limits_;
  HttpRequest request_;
  std::string head_;
  std::string body_;
  std::size_t body_bytes_ = 0;
  bool version_1_1_ = false;
  bool in_body_ = false;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // further ones; no line breaks
};

[[nodiscard]] std::string_view reason_of(int status);

// The status that tells a client what was wrong with its request.
[[nodiscard]] int http_status_of(base::ErrorCode code);

struct HttpResponseForm {
  bool keep_alive = true;
  bool head_only = false;  // the answer to HEAD: the length without the body
};

void append_http_response(const HttpResponse& response, HttpResponseForm form, std::string& out);

}  // namespace ostraka::codec
