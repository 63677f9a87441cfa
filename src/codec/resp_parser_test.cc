#include "codec/resp_parser.h"

#include "codec/resp_number.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace ostraka::codec {
namespace {

using Status = RespRequestParser::Status;
using Arguments = std::vector<std::string>;

struct Parsed {
  std::vector<Arguments> requests;
  std::string error;
  std::size_t left = 0;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

// Feeds `input` in pieces of `piece` bytes, as a connection does.
Parsed parse_in_pieces(const std::string& input, std::size_t piece, const RespLimits& limits = {},
                       bool unauthenticated = false) {
  Parsed parsed;
  RespRequestParser parser(limits);
  parser.set_unauthenticated(unauthenticated);
  std::string held;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    held += input.substr(at, piece);
    while (true) {
      const Status status = parser.parse(held);
      if (status == Status::error) {
        parsed.error = parser.error_text();
        return parsed;
      }
      if (status == Status::need_more) {
        break;
      }
      parsed.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
      held.erase(0, parser.consumed());
      parser.next();
    }
  }
  parsed.left = held.size();
  return parsed;
}

Parsed parse(const std::string& input, const RespLimits& limits = {}) {
  Parsed whole = parse_in_pieces(input, input.size() + 1, limits);
  for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
    EXPECT_EQ(parse_in_pieces(input, piece, limits), whole) << "pieces of " << piece;
  }
  return whole;
}

std::string error_of(const std::string& input, const RespLimits& limits = {}) {
  return parse(input, limits).error;
}

TEST(RespParser, ArraysOfBulkStringsAreRequests) {
  const Parsed parsed = parse("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n*1\r\n$2");
  EXPECT_EQ(parsed.requests, (std::vector<Arguments>{{"GET", "k"}, {"PING"}}));
  EXPECT_EQ(parsed.left, 6U);
}

TEST(RespParser, ArgumentsMayHoldAnyByte) {
  const std::string value("\r\n\0$*", 5);
  const Parsed parsed = parse("*2\r\n$0\r\n\r\n$5\r\n" + value + "\r\n");
  EXPECT_EQ(parsed.requests, (std::vector<Arguments>{{"", value}}));
}

TEST(RespParser, EmptyRequestsHaveNoArguments) {
  EXPECT_EQ(parse("*0\r\n*-1\r\n\r\n\n   \r\n").requests, (std::vector<Arguments>(5)));
}

TEST(RespParser, InlineCommandsAreSplitAtWhiteSpace) {
  EXPECT_EQ(parse("SET  a\tb\r\nPING\n").requests,
            (std::vector<Arguments>{{"SET", "a", "b"}, {"PING"}}));
}

TEST(RespParser, InlineQuotesAndEscapes) {
  EXPECT_EQ(parse("a \"b c\" '' 'it\\'s' \"\\x41\\n\\\"\\q\"\r\n").requests,
            (std::vector<Arguments>{{"a", "b c", "", "it's", "A\n\"q"}}));
  EXPECT_EQ(error_of("set \"a\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(error_of("set \"a\"b\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(error_of("set 'a\r\n"), "Protocol error: unbalanced quotes in request");
}

TEST(RespParser, MalformedLengthsAreErrors) {
  for (const char* count :
       {"x", "", "+1", "01", "1 ", "1.0", "9223372036854775808", "1048577", "1000000000"}) {
    EXPECT_EQ(error_of(std::string("*") + count + "\r\n"),
              "Protocol error: invalid multibulk length")
        << count;
  }
  for (const char* length :
       {"x", "", "-1", "+1", "9223372036854775807", "9223372036854775808", "67108865"}) {
    EXPECT_EQ(error_of(std::string("*1\r\n$") + length + "\r\n"),
              "Protocol error: invalid bulk length")
        << length;
  }
  EXPECT_EQ(error_of("*1\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1\r\n$1\n"), "Protocol error: invalid bulk length");
}

TEST(RespParser, NestedArraysAreErrorsAtOnce) {
  std::string nested;
  for (int i = 0; i < 10'000; ++i) {
    nested += "*1\r\n";
  }
  EXPECT_EQ(error_of(nested), "Protocol error: expected '$', got '*'");
}

TEST(RespParser, MissingLineEndBehindBulkIsAnError) {
  EXPECT_EQ(error_of("*1\r\n$1\r\nkxx"), "Protocol error: expected CRLF behind a bulk string");
  EXPECT_EQ(error_of("*1\r\n$1\r\nk\rx"), "Protocol error: expected CRLF behind a bulk string");
}

TEST(RespParser, LinesWithoutEndAreBounded) {
  const RespLimits limits{.line_bytes_max = 100};
  EXPECT_EQ(error_of(std::string(101, 'a'), limits), "Protocol error: too big inline request");
  EXPECT_EQ(error_of("*" + std::string(101, '1'), limits),
            "Protocol error: too big mbulk count string");
  EXPECT_EQ(error_of("*1\r\n$" + std::string(101, '1'), limits),
            "Protocol error: too big bulk count string");
  EXPECT_EQ(parse(std::string(100, 'a'), limits).error, "");
}

TEST(RespParser, TheSumOfArgumentsIsBoundedBeforeItArrives) {
  const RespLimits limits{.bulk_bytes_max = 10, .request_bytes_max = 15};
  EXPECT_EQ(error_of("*3\r\n$10\r\n0123456789\r\n$6\r\n", limits),
            "Protocol error: too big request");
  EXPECT_EQ(parse("*2\r\n$10\r\n0123456789\r\n$5\r\n", limits).error, "");
}

TEST(RespParser, UnauthenticatedClientsHaveSmallerLimits) {
  const std::string many = "*11\r\n";
  const std::string large = "*1\r\n$16385\r\n";
  EXPECT_EQ(parse_in_pieces(many, 100, {}, true).error,
            "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(parse_in_pieces(large, 100, {}, true).error,
            "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(parse_in_pieces(many + large, 100, {}, false).error,
            "Protocol error: expected '$', got '*'");
}

TEST(RespParser, ArgumentsAreViewsIntoTheCallersBytes) {
  const std::string input = "*1\r\n$3\r\nabc\r\n";
  const RespLimits limits;
  RespRequestParser parser(limits);
  ASSERT_EQ(parser.parse(input), Status::request);
  EXPECT_EQ(parser.arguments()[0].data(), input.data() + 8);
}

TEST(RespNumber, OnlyTheCanonicalSpelling) {
  EXPECT_EQ(parse_resp_integer("0"), 0);
  EXPECT_EQ(parse_resp_integer("-1"), -1);
  EXPECT_EQ(parse_resp_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_resp_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* bad : {"", "-", "-0", "00", "+1", " 1", "1 ", "1a", "9223372036854775808",
                          "-9223372036854775809"}) {
    EXPECT_FALSE(parse_resp_integer(bad).has_value()) << bad;
  }
  EXPECT_EQ(parse_resp_unsigned("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_FALSE(parse_resp_unsigned("-1").has_value());
  EXPECT_FALSE(parse_resp_unsigned("18446744073709551616").has_value());
}

}  // namespace
}  // namespace ostraka::codec
