#include "sim/client.h"

#include <charconv>
#include <utility>

namespace ostraka::sim {
namespace {

using base::Duration;

// The gateway's own deadline is 5 s; a second more and the call is given up (I-L2).
constexpr Duration kPatience = Duration::milliseconds(6000);

std::string encode(const std::vector<std::string>& command) {
  std::string out = "*" + std::to_string(command.size()) + "\r\n";
  for (const std::string& argument : command) {
    out += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return out;
}

// What an error reply says about the outcome: see docs/redis.md.
Outcome outcome_of(base::ByteView error) {
  return error.starts_with("-UNKNOWN") ? Outcome::unknown : Outcome::failed;
}

}  // namespace

Client::Client(World& world, std::string host, std::uint64_t seed)
    : world_(world),
      prng_(seed),
      executor_(world.scheduler(), clock_, prng_.next()),
      network_(world.fabric(), executor_, std::move(host)),
      deadline_(executor_.make_timer([this] { deadline_passed(); })),
      retry_(executor_.make_timer([this] { connect(); })) {}

Client::~Client() { stop(); }

void Client::stop() {
  stopped_ = true;
  stream_.reset();
  waiting_.clear();
}

void Client::send(const std::vector<std::string>& command, OnReply on_reply) {
  const std::string bytes = encode(command);
  Waiting waiting{std::move(on_reply), executor_.now() + kPatience, stream_ != nullptr};
  if (waiting_.empty()) {
    deadline_->arm(waiting.deadline);
  }
  waiting_.push_back(std::move(waiting));
  if (stream_ != nullptr) {
    stream_->write(bytes);
  } else {
    unsent_ += bytes;
    connect();
  }
}

void Client::connect() {
  if (stopped_ || connecting_ || stream_ != nullptr) {
    return;
  }
  connecting_ = true;
  const std::vector<std::string>& names = world_.names();
  const std::string target = preferred_.empty() ? names[prng_.below(names.size())] : preferred_;
  const std::uint64_t attempt = ++attempt_;
  network_.connect(target + ":6379", executor_.now() + Duration::milliseconds(300),
                   [this, attempt](base::Result<std::unique_ptr<port::Stream>> result) {
                     if (stopped_ || attempt != attempt_) {
                       return;
                     }
                     connecting_ = false;
                     if (!result.has_value()) {
                       retry_->arm(executor_.now() + Duration::milliseconds(20));
                       return;
                     }
                     stream_ = std::move(*result);
                     stream_->start(*this);
                     stream_->write(unsent_);
                     unsent_.clear();
                     for (Waiting& waiting : waiting_) {
                       waiting.sent = true;
                     }
                   });
}

void Client::reconnect() {
  stream_.reset();
  fail_all(Outcome::unknown, "connection dropped");
  retry_->arm(executor_.now() + Duration::milliseconds(1));
}

std::size_t Client::on_bytes(base::ByteView bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !waiting_.empty()) {
    const base::ByteView rest = bytes.substr(used);
    const std::size_t line = rest.find("\r\n");
    if (line == base::ByteView::npos) {
      break;
    }
    std::size_t length = line + 2;
    Reply reply{Outcome::ok, rest[0], std::string(rest.substr(1, line - 1))};
    if (rest[0] == '-') {
      reply.outcome = outcome_of(rest);
    } else if (rest[0] == '$') {
      std::int64_t count = 0;
      std::from_chars(rest.data() + 1, rest.data() + line, count);
      if (count < 0) {
        reply.type = '_';
        reply.text.clear();
      } else {
        length += static_cast<std::size_t>(count) + 2;
        if (rest.size() < length) {
          break;
        }
        reply.text = std::string(rest.substr(line + 2, static_cast<std::size_t>(count)));
      }
    }
    used += length;
    Waiting done = std::move(waiting_.front());
    waiting_.pop_front();
    deadline_->arm(waiting_.empty() ? base::Instant::never() : waiting_.front().deadline);
    done.on_reply(reply);
    if (stopped_ || stream_ == nullptr) {
      return used;
    }
  }
  return used;
}

void Client::on_closed(const base::Error& reason) {
  stream_.reset();
  fail_all(Outcome::unknown, reason.to_string());
  retry_->arm(executor_.now() + Duration::milliseconds(prng_.between(1, 20)));
}

void Client::deadline_passed() {
  const bool sent = !waiting_.empty() && waiting_.front().sent;
  if (sent) {
    world_.mark("client_gave_up");
  }
  stream_.reset();
  ++attempt_;
  connecting_ = false;
  fail_all(sent ? Outcome::unknown : Outcome::failed, "no answer within the deadline");
  retry_->arm(executor_.now() + Duration::milliseconds(1));
}

void Client::fail_all(Outcome outcome, const std::string& why) {
  unsent_.clear();
  deadline_->disarm();
  std::deque<Waiting> broken = std::exchange(waiting_, {});
  for (Waiting& waiting : broken) {
    waiting.on_reply(Reply{waiting.sent ? outcome : Outcome::failed, '-', why});
  }
}

}  // namespace ostraka::sim
