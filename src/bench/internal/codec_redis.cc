#include "bench/internal/codec.h"

#include <charconv>
#include <deque>

namespace ostraka::bench::internal {
namespace {

void append_bulk(std::string& out, base::ByteView bytes) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes.size()).ptr;
  out.push_back('$');
  out.append(digits, end);
  out.append("\r\n");
  out.append(bytes);
  out.append("\r\n");
}

constexpr std::size_t kLineMax = 64U << 10;
constexpr std::int64_t kBulkMax = 512LL << 20;  // proto-max-bulk-len

class RedisCodec final : public Codec {
 public:
  explicit RedisCodec(const LoadOptions& options) {
    if (!options.password.empty()) {
      greeting_ += "*2\r\n";
      append_bulk(greeting_, "AUTH");
      append_bulk(greeting_, options.password);
      ++greetings_left_;
    }
    if (options.stale_ms.has_value()) {
      greeting_ += "*2\r\n$8\r\nREADONLY\r\n";
      append_bulk(greeting_, std::to_string(*options.stale_ms));
      ++greetings_left_;
    }
  }
  void greet(std::string& out) override { out += greeting_; }
  bool is_ready() const override { return greetings_left_ == 0; }
  void encode_read(std::uint32_t slot, base::ByteView key, std::string& out) override {
    out += "*2\r\n$3\r\nGET\r\n";
    append_bulk(out, key);
    slots_.push_back(slot);
  }
  void encode_write(std::uint32_t slot, base::ByteView key, base::ByteView value,
                    std::string& out) override {
    out += "*3\r\n$3\r\nSET\r\n";
    append_bulk(out, key);
    append_bulk(out, value);
    slots_.push_back(slot);
  }

  std::size_t parse(base::ByteView in, std::vector<Answer>& answers, std::string&) override {
    std::size_t used = 0;
    while (used < in.size()) {
      const base::ByteView rest = in.substr(used);
      const std::size_t line = rest.substr(0, kLineMax).find("\r\n");
      if (line == base::ByteView::npos) {
        return rest.size() < kLineMax ? used : SIZE_MAX;
      }
      if (line == 0) {
        return SIZE_MAX;
      }
      std::size_t length = line + 2;
      if (rest[0] == '$') {
        std::int64_t count = 0;
        const auto number = std::from_chars(rest.data() + 1, rest.data() + line, count);
        if (number.ec != std::errc() || number.ptr != rest.data() + line || count > kBulkMax) {
          return SIZE_MAX;
        }
        if (count >= 0) {
          length += static_cast<std::size_t>(count) + 2;
        }
        if (rest.size() < length) {
          break;
        }
      }
      if (!take(rest.substr(0, line), answers)) {
        return SIZE_MAX;
      }
      used += length;
    }
    return used;
  }

 private:
  // False: an answer that nobody asked for, or a greeting that was refused.
  bool take(base::ByteView line, std::vector<Answer>& answers) {
    if (greetings_left_ > 0) {
      --greetings_left_;
      return line[0] != '-';
    }
    if (slots_.empty()) {
      return false;
    }
    Answer answer;
    answer.slot = slots_.front();
    slots_.pop_front();
    if (line[0] == '-') {
      answer.kind = line.starts_with("-BUSY") ? AnswerKind::busy : AnswerKind::error;
      answer.text = std::string(line);
    } else if (line == "$-1" || line == "_") {
      answer.kind = AnswerKind::absent;
    }
    answers.push_back(std::move(answer));
    return true;
  }

  std::string greeting_;
  int greetings_left_ = 0;
  std::deque<std::uint32_t> slots_;
};

}  // namespace

std::unique_ptr<Codec> make_redis_codec(const LoadOptions& options) {
  return std::make_unique<RedisCodec>(options);
}

}  // namespace ostraka::bench::internal
