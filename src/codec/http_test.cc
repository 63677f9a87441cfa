#include "codec/http.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ostraka::codec {
namespace {

struct Outcome {
  std::vector<std::string> requests;  // method path query body keep-alive
  std::string error;
};

// Feeds `text` in pieces of `step` bytes, keeping what the parser leaves.
Outcome parse(const std::string& text, std::size_t step, HttpLimits limits = {}) {
  Outcome outcome;
  HttpRequestParser parser(limits);
  std::string pending;
  for (std::size_t at = 0; at < text.size(); at += step) {
    pending += text.substr(at, step);
    base::ByteView in = pending;
    while (true) {
      const auto more = parser.next(in);
      if (!more.has_value()) {
        outcome.error = name_of(more.error().code);
        return outcome;
      }
      if (!*more) {
        break;
      }
      const HttpRequest& r = parser.request();
      outcome.requests.push_back(std::string(r.method) + " " + std::string(r.path) + " " +
                                 std::string(r.query) + " " + std::string(r.body) +
                                 (r.keep_alive ? " +" : " -"));
    }
    pending = std::string(in);
  }
  return outcome;
}

Outcome parse_every_way(const std::string& text, HttpLimits limits = {}) {
  const Outcome whole = parse(text, text.size(), limits);
  for (const std::size_t step : {1U, 2U, 3U, 7U, 64U}) {
    const Outcome pieces = parse(text, step, limits);
    EXPECT_EQ(pieces.requests, whole.requests);
    EXPECT_EQ(pieces.error, whole.error);
  }
  return whole;
}

TEST(HttpParser, RequestsOneBehindTheOther) {
  const Outcome outcome = parse_every_way(
      "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
      "\r\nPOST /admin/transfer?to=n2 HTTP/1.1\r\nhost:x\r\ncontent-LENGTH: 5 \r\n\r\nhello"
      "GET / HTTP/1.0\r\n\r\n"
      "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
      "GET /a HTTP/1.1\r\nHost: x\r\nConnection: foo, close\r\n\r\n");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.requests,
            (std::vector<std::string>{"GET /metrics   +", "POST /admin/transfer to=n2 hello +",
                                      "GET /   -", "GET /   +", "GET /a   -"}));
}

TEST(HttpParser, WhatIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"GET\r\n\r\n", "malformed"},
      {"GET /\r\n\r\n", "malformed"},
      {"GET  HTTP/1.1\r\n\r\n", "malformed"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "format_unknown"},
      {"GET / HTTX/1.1\r\nHost: x\r\n\r\n", "malformed"},
      {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "malformed"},
      {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "malformed"},
      {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", "malformed"},
      {"GET / HTTP/1.1\r\n\r\n", "malformed"},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "malformed"},
      {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "malformed"},
      {"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "malformed"},
      {std::string("GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n", 29), "malformed"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "malformed"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", "malformed"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", "too_large"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", "too_large"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "unsupported"},
      {"GET /" + std::string(9000, 'a'), "too_large"},
  };
  for (const auto& [text, error] : cases) {
    const Outcome outcome = parse_every_way(text);
    EXPECT_EQ(outcome.error, error) << text;
    EXPECT_TRUE(outcome.requests.empty()) << text;
  }
}

// A client of another protocol waits for a reply before it sends more.
TEST(HttpParser, WhatIsNoRequestLineIsRefusedBeforeTheHeadIsComplete) {
  EXPECT_EQ(parse_every_way("*1\r\n").error, "malformed");
  EXPECT_EQ(parse_every_way("GET /x HTTP/2.0\r\n").error, "format_unknown");
  EXPECT_EQ(parse_every_way("GET /x HTTP/1.1\r\n").error, "");
  EXPECT_EQ(parse_every_way("*1\r").error, "");
}

TEST(HttpParser, TooManyHeaders) {
  std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 64; ++i) {
    text += "A: b\r\n";
  }
  EXPECT_EQ(parse_every_way(text + "\r\n").error, "too_large");
}

TEST(HttpResponseText, Forms) {
  std::string out;
  append_http_response({.status = 200, .content_type = "a/b", .body = "hi", .headers = {}},
                       {.keep_alive = true, .head_only = false}, out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n"
            "Connection: keep-alive\r\n\r\nhi");
  out.clear();
  append_http_response(
      {.status = 405, .content_type = "a/b", .body = "no", .headers = {{"Allow", "GET"}}},
      {.keep_alive = false, .head_only = true}, out);
  EXPECT_EQ(out,
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: a/b\r\nContent-Length: 2\r\n"
            "Allow: GET\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace ostraka::codec
