#include "cli/internal/redis_client.h"

#include <fmt/format.h>

#include <charconv>

namespace ostraka::cli {

namespace {

constexpr int kDepthMax = 8;
constexpr std::int64_t kItemsMax = 1 << 20;

base::Error malformed() { return {base::ErrorCode::malformed, "the server's answer"}; }

base::Result<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::unexpected(malformed());
  }
  return value;
}

}  // namespace

void append_request(std::string& out, std::span<const std::string_view> words) {
  out += fmt::format("*{}\r\n", words.size());
  for (const std::string_view word : words) {
    out += fmt::format("${}\r\n", word.size());
    out += word;
    out += "\r\n";
  }
}

base::Result<RedisClient> RedisClient::connect(const std::string& address,
                                               const std::string& password, base::Duration limit) {
  RedisClient client;
  OSTRAKA_ASSIGN(client.socket_, Socket::connect(address, limit));
  if (!password.empty()) {
    OSTRAKA_ASSIGN(const Reply reply, client.call({"AUTH", password}));
    if (!reply.is_ok()) {
      return base::fail(base::ErrorCode::unauthenticated, reply.text);
    }
  }
  return client;
}

base::Result<Reply> RedisClient::call(std::initializer_list<std::string_view> words) {
  return call(std::span<const std::string_view>(words.begin(), words.size()));
}

base::Result<Reply> RedisClient::call(std::span<const std::string_view> words) {
  std::string request;
  append_request(request, words);
  OSTRAKA_TRY(send(request));
  return receive();
}

base::Status RedisClient::send(std::string_view requests) { return socket_.write(requests); }

base::Result<Reply> RedisClient::receive() {
  if (at_ > 0 && at_ == in_.size()) {
    in_.clear();
    at_ = 0;
  }
  return parse(0);
}

base::Result<std::string> RedisClient::line() {
  for (std::size_t searched = at_;;) {
    const std::size_t end = in_.find("\r\n", searched);
    if (end != std::string::npos) {
      std::string out = in_.substr(at_, end - at_);
      at_ = end + 2;
      return out;
    }
    searched = in_.size() > at_ ? in_.size() - 1 : at_;
    OSTRAKA_TRY(socket_.read_some(in_));
  }
}

base::Result<Reply> RedisClient::parse(int depth) {
  OSTRAKA_ASSIGN(const std::string head, line());
  if (head.empty() || depth > kDepthMax) {
    return std::unexpected(malformed());
  }
  const std::string_view rest = std::string_view(head).substr(1);
  Reply reply;
  switch (head.front()) {
    case '+':
      reply.kind = Reply::Kind::text;
      reply.text = rest;
      return reply;
    case '-':
      reply.kind = Reply::Kind::error;
      reply.text = rest;
      return reply;
    case ':': {
      reply.kind = Reply::Kind::integer;
      OSTRAKA_ASSIGN(reply.integer, number(rest));
      return reply;
    }
    case '$': {
      OSTRAKA_ASSIGN(const std::int64_t length, number(rest));
      if (length < 0) {
        return reply;
      }
      const std::size_t size = static_cast<std::size_t>(length);
      while (in_.size() < at_ + size + 2) {
        OSTRAKA_TRY(socket_.read_some(in_));
      }
      reply.kind = Reply::Kind::text;
      reply.text = in_.substr(at_, size);
      at_ += size + 2;
      return reply;
    }
    case '*': {
      OSTRAKA_ASSIGN(const std::int64_t count, number(rest));
      if (count > kItemsMax) {
        return std::unexpected(malformed());
      }
      reply.kind = count < 0 ? Reply::Kind::nil : Reply::Kind::array;
      for (std::int64_t i = 0; i < count; ++i) {
        OSTRAKA_ASSIGN(Reply item, parse(depth + 1));
        reply.items.push_back(std::move(item));
      }
      return reply;
    }
    default:
      return std::unexpected(malformed());
  }
}

}  // namespace ostraka::cli
