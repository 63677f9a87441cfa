#include "codec/http.h"

#include "base/assert.h"

#include <algorithm>
#include <charconv>

namespace ostraka::codec {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [kOthers](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool is_visible(char c) { return c > ' ' && c != '\x7f' && static_cast<signed char>(c) > 0; }

// Field values: visible characters, spaces, tabs, and bytes of other encodings.
bool is_field_char(char c) {
  return is_visible(c) || c == ' ' || c == '\t' || static_cast<signed char>(c) < 0;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::unexpected<base::Error> malformed(const char* what) {
  return base::fail(base::ErrorCode::malformed, std::string("HTTP request: ") + what);
}

// True when a comma-separated list has this element.
bool list_has(std::string_view list, std::string_view element) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (equal_ignoring_case(trim(list.substr(0, comma)), element)) {
      return true;
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

base::Result<bool> HttpRequestParser::next(base::ByteView& in) {
  if (!in_body_) {
    request_ = {};
    body_.clear();
    // An empty line before a request is ignored (RFC 9112, section 2.2).
    while (in.starts_with("\r\n")) {
      in.remove_prefix(2);
    }
    const std::size_t end = in.substr(0, limits_.head_bytes_max).find(kHeadEnd);
    if (end == std::string_view::npos) {
      if (in.size() >= limits_.head_bytes_max) {
        return base::fail(base::ErrorCode::too_large, "HTTP request: head");
      }
      // A client of another protocol is told at once, not when the rest of the head does not come.
      if (const std::size_t line_end = in.find("\r\n"); line_end != std::string_view::npos) {
        OSTRAKA_TRY(parse_request_line(in.substr(0, line_end)));
        request_ = {};
      }
      return false;
    }
    head_.assign(in.substr(0, end + 2));  // with the last header's line end
    in.remove_prefix(end + kHeadEnd.size());
    OSTRAKA_TRY(parse_head());
    in_body_ = true;
  }
  const std::size_t taken = std::min(body_bytes_ - body_.size(), in.size());
  body_.append(in.substr(0, taken));
  in.remove_prefix(taken);
  if (body_.size() < body_bytes_) {
    return false;
  }
  in_body_ = false;
  request_.body = body_;
  return true;
}

base::Status HttpRequestParser::parse_head() {
  std::string_view rest = head_;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    OSTRAKA_TRY(first ? parse_request_line(line) : parse_header(line));
    first = false;
  }
  OSTRAKA_TRY(parse_length());
  if (version_1_1_ && request_.header("host").empty()) {
    return malformed("no Host");
  }
  const std::string_view connection = request_.header("connection");
  request_.keep_alive =
      version_1_1_ ? !list_has(connection, "close") : list_has(connection, "keep-alive");
  return {};
}

base::Status HttpRequestParser::parse_request_line(std::string_view line) {
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end) {
    return malformed("request line");
  }
  request_.method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  if (!is_token(request_.method) || !target.starts_with('/') ||
      !std::ranges::all_of(target, is_visible)) {
    return malformed("request line");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    if (!version.starts_with("HTTP/")) {
      return malformed("request line");
    }
    return base::fail(base::ErrorCode::format_unknown, "HTTP request: version");
  }
  version_1_1_ = version == "HTTP/1.1";
  const std::size_t question = std::min(target.find('?'), target.size());
  request_.path = target.substr(0, question);
  request_.query = target.substr(std::min(question + 1, target.size()));
  return {};
}

base::Status HttpRequestParser::parse_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return malformed("header name");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!std::ranges::all_of(value, is_field_char)) {
    return malformed("header value");
  }
  if (request_.headers.size() >= limits_.headers_max) {
    return base::fail(base::ErrorCode::too_large, "HTTP request: number of headers");
  }
  request_.headers.emplace_back(line.substr(0, colon), value);
  return {};
}

base::Status HttpRequestParser::parse_length() {
  body_bytes_ = 0;
  bool given = false;
  for (const auto& [name, value] : request_.headers) {
    if (equal_ignoring_case(name, "transfer-encoding")) {
      return base::fail(base::ErrorCode::unsupported, "HTTP request: Transfer-Encoding");
    }
    if (!equal_ignoring_case(name, "content-length")) {
      continue;
    }
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error == std::errc::result_out_of_range) {
      return base::fail(base::ErrorCode::too_large, "HTTP request: body");
    }
    if (value.empty() || error != std::errc{} || end != value.data() + value.size() ||
        (given && length != body_bytes_)) {
      return malformed("Content-Length");
    }
    given = true;
    body_bytes_ = length;
  }
  if (body_bytes_ > limits_.body_bytes_max) {
    return base::fail(base::ErrorCode::too_large, "HTTP request: body");
  }
  return {};
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

int http_status_of(base::ErrorCode code) {
  // The few that a parser gives; everything else is the server's own.
  if (code == base::ErrorCode::malformed) {
    return 400;
  }
  if (code == base::ErrorCode::too_large) {
    return 413;
  }
  if (code == base::ErrorCode::unsupported) {
    return 501;
  }
  return code == base::ErrorCode::format_unknown ? 505 : 500;
}

void append_http_response(const HttpResponse& response, HttpResponseForm form, std::string& out) {
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason_of(response.status);
  out += "\r\n";
  if (response.status != 204) {
    out += "Content-Type: " + response.content_type + "\r\n";
    out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    OSTRAKA_ASSERT((name + value).find_first_of("\r\n") == std::string::npos,
                   "a header without line breaks");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out += form.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!form.head_only && response.status != 204) {
    out += response.body;
  }
}

}  // namespace ostraka::codec
