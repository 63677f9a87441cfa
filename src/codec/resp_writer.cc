#include "codec/resp_writer.h"

#include <charconv>

namespace ostraka::codec {
namespace {

constexpr base::ByteView kEnd = "\r\n";
constexpr std::size_t kIntegerCharactersMax = 20;

}  // namespace

void RespWriter::header(char type, std::int64_t value) {
  char text[1 + kIntegerCharactersMax + 2];
  text[0] = type;
  char* end = std::to_chars(text + 1, text + 1 + kIntegerCharactersMax, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.append(text, static_cast<std::size_t>(end - text));
}

void RespWriter::simple(base::ByteView text) {
  out_.push_back('+');
  out_.append(text).append(kEnd);
}

void RespWriter::error(base::ByteView text) {
  out_.push_back('-');
  const std::size_t start = out_.size();
  out_.append(text);
  for (std::size_t i = start; i < out_.size(); ++i) {
    if (out_[i] == '\r' || out_[i] == '\n') {
      out_[i] = ' ';
    }
  }
  out_.append(kEnd);
}

void RespWriter::bulk(base::ByteView bytes) {
  header('$', static_cast<std::int64_t>(bytes.size()));
  out_.append(bytes).append(kEnd);
}

void RespWriter::bulk_integer(std::int64_t value) {
  char text[kIntegerCharactersMax];
  const char* end = std::to_chars(text, text + kIntegerCharactersMax, value).ptr;
  bulk(base::ByteView(text, static_cast<std::size_t>(end - text)));
}

void RespWriter::verbatim(base::ByteView text) {
  if (!is_resp3()) {
    bulk(text);
    return;
  }
  constexpr base::ByteView kFormat = "txt:";
  header('=', static_cast<std::int64_t>(text.size() + kFormat.size()));
  out_.append(kFormat).append(text).append(kEnd);
}

void RespWriter::null() { out_.append(is_resp3() ? "_\r\n" : "$-1\r\n"); }

void RespWriter::null_array() { out_.append(is_resp3() ? "_\r\n" : "*-1\r\n"); }

void RespWriter::boolean(bool value) {
  if (is_resp3()) {
    out_.append(value ? "#t\r\n" : "#f\r\n");
  } else {
    integer(value ? 1 : 0);
  }
}

void RespWriter::map(std::size_t pairs) {
  if (is_resp3()) {
    header('%', static_cast<std::int64_t>(pairs));
  } else {
    array(pairs * 2);
  }
}

void RespWriter::set(std::size_t count) {
  header(is_resp3() ? '~' : '*', static_cast<std::int64_t>(count));
}

}  // namespace ostraka::codec
