#include "codec/resp_parser.h"

#include "base/assert.h"
#include "codec/resp_number.h"

#include <algorithm>
#include <utility>

namespace ostraka::codec {
namespace {

// What a client may send before it has authenticated.
constexpr std::int64_t kUnauthenticatedArgumentsMax = 10;
constexpr std::int64_t kUnauthenticatedBulkBytesMax = 16'384;
// Capacity that is kept between requests.
constexpr std::size_t kSlicesKept = 1024;
constexpr std::size_t kInlineTextKept = 4096;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads a double-quoted part that starts behind the quote. Leaves `i` behind the closing quote.
// False when it does not end.
bool read_double_quoted(base::ByteView line, std::size_t& i, std::string& out) {
  while (i < line.size()) {
    const char c = line[i];
    if (c == '"') {
      ++i;
      return true;
    }
    if (c == '\\' && i + 3 < line.size() && line[i + 1] == 'x' && hex_digit(line[i + 2]) >= 0 &&
        hex_digit(line[i + 3]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(line[i + 2]) * 16 + hex_digit(line[i + 3])));
      i += 4;
    } else if (c == '\\' && i + 1 < line.size()) {
      out.push_back(unescaped(line[i + 1]));
      i += 2;
    } else {
      out.push_back(c);
      ++i;
    }
  }
  return false;
}

bool read_single_quoted(base::ByteView line, std::size_t& i, std::string& out) {
  while (i < line.size()) {
    if (line[i] == '\'') {
      ++i;
      return true;
    }
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '\'') {
      ++i;
    }
    out.push_back(line[i]);
    ++i;
  }
  return false;
}

}  // namespace

RespRequestParser::Status RespRequestParser::parse(base::ByteView bytes) {
  Step step = Step::go_on;
  while (step == Step::go_on) {
    switch (stage_) {
      case Stage::start:
        step = begin(bytes);
        break;
      case Stage::bulk_header:
        step = parse_bulk_header(bytes);
        break;
      case Stage::bulk_body:
        step = parse_bulk_body(bytes);
        break;
      case Stage::inline_line:
        step = parse_inline(bytes);
        break;
      case Stage::done:
        step = Step::done;
        break;
      case Stage::failed:
        step = Step::failed;
        break;
    }
  }
  switch (step) {
    case Step::done:
      resolve(bytes);
      return Status::request;
    case Step::failed:
      return Status::error;
    case Step::go_on:
    case Step::need_more:
      break;
  }
  return Status::need_more;
}

void RespRequestParser::next() {
  stage_ = Stage::start;
  position_ = 0;
  scanned_ = 0;
  remaining_ = 0;
  announced_bytes_ = 0;
  is_inline_ = false;
  slices_.clear();
  arguments_.clear();
  inline_text_.clear();
  if (slices_.capacity() > kSlicesKept) {
    slices_.shrink_to_fit();
    arguments_.shrink_to_fit();
  }
  if (inline_text_.capacity() > kInlineTextKept) {
    inline_text_.shrink_to_fit();
  }
}

RespRequestParser::Step RespRequestParser::fail(std::string text) {
  error_ = "Protocol error: " + std::move(text);
  stage_ = Stage::failed;
  return Step::failed;
}

void RespRequestParser::resolve(base::ByteView bytes) {
  const base::ByteView base = is_inline_ ? base::ByteView(inline_text_) : bytes;
  arguments_.clear();
  for (const Slice& slice : slices_) {
    arguments_.push_back(base.substr(slice.offset, slice.length));
  }
}

RespRequestParser::Step RespRequestParser::take_line(base::ByteView bytes, const char* too_long,
                                                     base::ByteView& line) {
  const base::ByteView rest = bytes.substr(position_);
  const std::size_t end = rest.find('\n', scanned_);
  const std::size_t length = end == base::ByteView::npos ? rest.size() : end;
  if (length > limits_->line_bytes_max) {
    return fail(too_long);
  }
  if (end == base::ByteView::npos) {
    scanned_ = rest.size();
    return Step::need_more;
  }
  line = rest.substr(0, end);
  position_ += end + 1;
  scanned_ = 0;
  return Step::go_on;
}

RespRequestParser::Step RespRequestParser::begin(base::ByteView bytes) {
  if (bytes.empty()) {
    return Step::need_more;
  }
  if (bytes.front() != '*') {
    is_inline_ = true;
    stage_ = Stage::inline_line;
    return Step::go_on;
  }
  base::ByteView line;
  const Step step = take_line(bytes, "too big mbulk count string", line);
  if (step != Step::go_on) {
    return step;
  }
  if (!line.ends_with('\r')) {
    return fail("invalid multibulk length");
  }
  const auto count = parse_resp_integer(line.substr(1, line.size() - 2));
  if (!count || *count > static_cast<std::int64_t>(limits_->arguments_max)) {
    return fail("invalid multibulk length");
  }
  if (unauthenticated_ && *count > kUnauthenticatedArgumentsMax) {
    return fail("unauthenticated multibulk length");
  }
  remaining_ = *count <= 0 ? 0 : static_cast<std::uint32_t>(*count);
  stage_ = remaining_ == 0 ? Stage::done : Stage::bulk_header;
  return Step::go_on;
}

RespRequestParser::Step RespRequestParser::parse_bulk_header(base::ByteView bytes) {
  if (position_ < bytes.size() && bytes[position_] != '$') {
    return fail(std::string("expected '$', got '") + bytes[position_] + "'");
  }
  base::ByteView line;
  const Step step = take_line(bytes, "too big bulk count string", line);
  if (step != Step::go_on) {
    return step;
  }
  if (!line.ends_with('\r')) {
    return fail("invalid bulk length");
  }
  const auto length = parse_resp_integer(line.substr(1, line.size() - 2));
  if (!length || *length < 0 || std::cmp_greater(*length, limits_->bulk_bytes_max)) {
    return fail("invalid bulk length");
  }
  if (unauthenticated_ && *length > kUnauthenticatedBulkBytesMax) {
    return fail("unauthenticated bulk length");
  }
  bulk_length_ = static_cast<std::size_t>(*length);
  announced_bytes_ += bulk_length_;
  if (announced_bytes_ > limits_->request_bytes_max) {
    return fail("too big request");
  }
  stage_ = Stage::bulk_body;
  return Step::go_on;
}

RespRequestParser::Step RespRequestParser::parse_bulk_body(base::ByteView bytes) {
  const std::size_t available = bytes.size() - position_;
  // A wrong end shows as soon as its bytes are there.
  if ((available > bulk_length_ && bytes[position_ + bulk_length_] != '\r') ||
      (available > bulk_length_ + 1 && bytes[position_ + bulk_length_ + 1] != '\n')) {
    return fail("expected CRLF behind a bulk string");
  }
  if (available < bulk_length_ + 2) {
    return Step::need_more;
  }
  slices_.push_back(Slice{.offset = position_, .length = bulk_length_});
  position_ += bulk_length_ + 2;
  --remaining_;
  stage_ = remaining_ == 0 ? Stage::done : Stage::bulk_header;
  return Step::go_on;
}

RespRequestParser::Step RespRequestParser::parse_inline(base::ByteView bytes) {
  base::ByteView line;
  const Step step = take_line(bytes, "too big inline request", line);
  if (step != Step::go_on) {
    return step;
  }
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (!split_inline(line)) {
    return fail("unbalanced quotes in request");
  }
  stage_ = Stage::done;
  return Step::go_on;
}

// Words separated by white space; a part in quotes may hold anything; a closing quote must be
// followed by white space or the end.
bool RespRequestParser::split_inline(base::ByteView line) {
  std::size_t i = 0;
  while (true) {
    while (i < line.size() && is_space(line[i])) {
      ++i;
    }
    if (i == line.size()) {
      return true;
    }
    const std::size_t start = inline_text_.size();
    while (i < line.size() && !is_space(line[i])) {
      const char c = line[i];
      ++i;
      if (c != '"' && c != '\'') {
        inline_text_.push_back(c);
        continue;
      }
      const bool closed = c == '"' ? read_double_quoted(line, i, inline_text_)
                                   : read_single_quoted(line, i, inline_text_);
      if (!closed || (i < line.size() && !is_space(line[i]))) {
        return false;
      }
    }
    slices_.push_back(Slice{.offset = start, .length = inline_text_.size() - start});
  }
}

}  // namespace ostraka::codec
