#include "gateway/http/internal/connection.h"

#include "base/assert.h"

#include <utility>

namespace ostraka::gateway::http {
namespace {

// Answers queued for a client that does not read them; no further request is taken beyond. Above
// every stream's high-water mark, so that on_drained follows.
constexpr std::size_t kAnswerBytesMax = 1U << 20;

}  // namespace

Connection::Connection(Server& server, std::uint64_t id, std::unique_ptr<port::Stream> stream)
    : server_(server),
      id_(id),
      stream_(std::move(stream)),
      parser_(server.options_.limits),
      last_active_(server.executor_.now()),
      last_sent_(last_active_) {}

void Connection::finish() { stream_.reset(); }

std::size_t Connection::on_bytes(base::ByteView bytes) {
  const std::shared_ptr<Connection> alive = shared_from_this();
  base::ByteView in = bytes;
  last_active_ = server_.executor_.now();
  if (request_began_ == base::Instant::never()) {
    request_began_ = last_active_;
  }
  in_parse_ = true;
  while (stream_ != nullptr && !handling_ && !backed_up_) {
    const base::Result<bool> complete = parser_.next(in);
    if (!complete.has_value()) {
      refuse(codec::http_status_of(complete.error().code), complete.error().context + "\n");
      break;
    }
    if (!*complete) {
      break;
    }
    take_request();
  }
  in_parse_ = false;
  if (stream_ == nullptr) {
    return bytes.size();
  }
  if (handling_ || backed_up_) {
    stream_->pause_reading();
  } else if (in.empty() && !parser_.in_request()) {
    request_began_ = base::Instant::never();
  }
  return bytes.size() - in.size();
}

void Connection::take_request() {
  const Request& request = parser_.request();
  ++server_.stats_.requests;
  handling_ = true;
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  request_began_ = base::Instant::never();
  server_.dispatch(request, Responder(weak_from_this()));
}

void Connection::respond(const Response& response) {
  if (stream_ == nullptr) {
    return;
  }
  OSTRAKA_ASSERT(handling_, "a request is answered once");
  handling_ = false;
  last_active_ = server_.executor_.now();
  last_sent_ = last_active_;
  std::string out;
  codec::append_http_response(response, {.keep_alive = keep_alive_, .head_only = head_only_}, out);
  stream_->write(base::Buffer::take(std::move(out)));
  last_pending_ = stream_->pending_bytes();
  if (!keep_alive_) {
    server_.remove(id_);
    return;
  }
  backed_up_ = last_pending_ > kAnswerBytesMax;
  if (!in_parse_ && !backed_up_) {
    stream_->resume_reading();  // presents pipelined requests again
  }
}

void Connection::on_drained() {
  if (stream_ != nullptr && std::exchange(backed_up_, false) && !handling_) {
    stream_->resume_reading();
  }
}

void Connection::refuse(int status, const std::string& text) {
  ++server_.stats_.refused;
  std::string out;
  codec::append_http_response({.status = status, .body = text},
                              {.keep_alive = false, .head_only = false}, out);
  stream_->write(base::ByteView(out));
  server_.remove(id_);
}

bool Connection::check_time(base::Instant now) {
  if (const std::size_t pending = stream_->pending_bytes(); pending > 0) {
    if (pending < last_pending_) {
      last_sent_ = now;
    }
    last_pending_ = pending;
    if (now - last_sent_ > server_.options_.write_timeout) {
      ++server_.stats_.refused;
      stream_->abort();
      server_.remove(id_);
      return true;
    }
    return false;
  }
  if (handling_) {
    return false;
  }
  if (request_began_ != base::Instant::never() &&
      now - request_began_ > server_.options_.request_timeout) {
    refuse(408, "the request took too long to arrive\n");
    return true;
  }
  if (now - last_active_ > server_.options_.idle_timeout) {
    server_.remove(id_);
    return true;
  }
  return false;
}

void Connection::on_closed(const base::Error&) { server_.remove(id_); }

}  // namespace ostraka::gateway::http
