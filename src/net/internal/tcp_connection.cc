#include "net/internal/tcp_connection.h"

#include "base/assert.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ostraka::net::internal {
namespace {

constexpr std::size_t kBufferMin = 4U << 10;
constexpr std::size_t kBufferMax = 256U << 10;  // grown by traffic; only unconsumed bytes exceed it
constexpr std::uint16_t kSmallReadsBeforeShrinking = 256;

}  // namespace

base::Error socket_error(int code, const std::string& context) {
  std::array<char, 128> text = {};
  const std::string reason = ::strerror_r(code, text.data(), text.size());
  base::ErrorCode kind = base::ErrorCode::connection_closed;
  if (code == ECONNREFUSED) {
    kind = base::ErrorCode::connection_refused;
  } else if (code == ETIMEDOUT) {
    kind = base::ErrorCode::deadline_exceeded;
  } else if (code == EACCES || code == EPERM) {
    kind = base::ErrorCode::permission_denied;
  } else if (code == EADDRINUSE) {
    kind = base::ErrorCode::address_in_use;
  } else if (code == EADDRNOTAVAIL || code == EAFNOSUPPORT || code == EINVAL) {
    kind = base::ErrorCode::invalid_argument;
  } else if (code == EMFILE || code == ENFILE) {
    kind = base::ErrorCode::busy;
  }
  return base::Error{kind, context + ": " + reason};
}

TcpConnection::TcpConnection(Reactor& reactor, const NetworkOptions& options, Descriptor fd,
                             const SocketAddress& peer)
    : reactor_(reactor), options_(options), fd_(std::move(fd)), peer_(peer) {}

TcpConnection::~TcpConnection() { shut(false); }

void TcpConnection::start(port::StreamHandler& handler) {
  OSTRAKA_ASSERT(state_ == State::created, "start() is called once");
  state_ = State::open;
  handler_ = &handler;
  update_interest();
}

void TcpConnection::write(base::ByteView bytes) {
  if (state_ == State::open || state_ == State::created) {
    output_.append(bytes);
    schedule_flush();
  }
}

void TcpConnection::write(base::Buffer buffer) {
  if (state_ == State::open || state_ == State::created) {
    output_.append(std::move(buffer));
    schedule_flush();
  }
}

void TcpConnection::schedule_flush() {
  above_high_water_ = above_high_water_ || output_.bytes() > options_.high_water_bytes;
  if (!flush_scheduled_ && !wants_write_ && !output_.empty()) {
    flush_scheduled_ = true;
    reactor_.flush_at_end(*this);
  }
}

void TcpConnection::flush() {
  flush_scheduled_ = false;
  if (!fd_.is_open() || output_.empty()) {
    return;
  }
  const int code = output_.send(fd_.get());
  if (code != 0) {
    output_.clear();
    fail(socket_error(code, "sending to " + peer_address()), true);
    return;
  }
  const bool blocked = !output_.empty();
  if (blocked != wants_write_) {
    wants_write_ = blocked;
    update_interest();
  }
  if (blocked) {
    return;
  }
  if (state_ == State::lingering) {
    if (paused_) {
      shut(false);
    } else {
      ::shutdown(fd_.get(), SHUT_WR);  // and read on until the peer has seen it
    }
  } else if (above_high_water_) {
    above_high_water_ = false;
    if (handler_ != nullptr) {
      handler_->on_drained();
    }
  }
}

void TcpConnection::pause_reading() {
  paused_ = true;
  update_interest();
}

void TcpConnection::resume_reading() {
  if (!paused_) {
    return;
  }
  paused_ = false;
  update_interest();
  if (state_ == State::open && begin_ < end_) {
    reactor_.resume_next_turn(*this);
  }
}

void TcpConnection::update_interest() {
  if (!fd_.is_open() || state_ == State::created || state_ == State::ended) {
    return;
  }
  std::uint32_t wanted = wants_write_ ? std::uint32_t{EPOLLOUT} : 0U;
  if (!paused_) {
    wanted |= EPOLLIN;
  }
  if (!registered_) {
    registered_ = true;
    reactor_.poller().add(fd_.get(), wanted, *this);
  } else if (wanted != interest_) {
    reactor_.poller().modify(fd_.get(), wanted, *this);
  }
  interest_ = wanted;
}

void TcpConnection::on_ready(std::uint32_t events) {
  if (state_ == State::lingering) {
    linger_ready(events);
    return;
  }
  if ((events & EPOLLOUT) != 0 && state_ == State::open) {
    flush();
  }
  if (state_ != State::open || handler_ == nullptr) {
    return;
  }
  if (!paused_ && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    read_some();
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    // Not reading, and the connection broke: without this the poller would report it for ever.
    int code = 0;
    socklen_t length = sizeof(code);
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    fail(socket_error(code == 0 ? ECONNRESET : code, "connection to " + peer_address()), true);
  }
}

void TcpConnection::on_resumed() {
  if (state_ == State::open && !paused_ && begin_ < end_) {
    deliver();
  }
}

void TcpConnection::read_some() {
  make_room();
  const std::size_t room = capacity_ - end_;
  const ssize_t received = ::recv(fd_.get(), buffer_.get() + end_, room, MSG_DONTWAIT);
  if (received < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      fail(socket_error(errno, "receiving from " + peer_address()), true);
    }
    return;
  }
  if (received == 0) {
    fail({base::ErrorCode::connection_closed, peer_address() + " closed the connection"}, false);
    return;
  }
  end_ += static_cast<std::size_t>(received);
  deliver();
  recycle_buffer(static_cast<std::size_t>(received), room);
}

void TcpConnection::deliver() {
  const std::size_t consumed = handler_->on_bytes(unconsumed());
  if (state_ != State::open) {
    return;  // closed from within
  }
  OSTRAKA_ASSERT(consumed <= end_ - begin_, "more bytes consumed than presented");
  begin_ += consumed;
  if (begin_ == end_) {
    begin_ = 0;
    end_ = 0;
  } else if (end_ - begin_ >= options_.unconsumed_bytes_max) {
    fail({base::ErrorCode::too_large, "bytes of " + peer_address() + " that nobody consumes"},
         true);
  }
}

void TcpConnection::make_room() {
  const std::size_t held = end_ - begin_;
  if (capacity_ - end_ >= kBufferMin || (capacity_ > 0 && end_ == 0)) {
    return;
  }
  // Everything behind the unconsumed bytes is used up: move them to the front, in a larger buffer
  // when they fill more than half of this one.
  std::size_t wanted = std::max(capacity_, kBufferMin);
  if (held > wanted / 2) {
    wanted = std::max(wanted * 2, held + kBufferMin);
  }
  if (wanted != capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (held > 0) {
      std::memcpy(larger.get(), buffer_.get() + begin_, held);
    }
    buffer_ = std::move(larger);
    capacity_ = wanted;
  } else if (held > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  }
  begin_ = 0;
  end_ = held;
}

// Sizes the buffer by what reads bring: doubled when one filled it, given back after many small
// ones. Only while it is empty.
void TcpConnection::recycle_buffer(std::size_t received, std::size_t room) {
  small_reads_ = received * 8 < capacity_ ? static_cast<std::uint16_t>(small_reads_ + 1) : 0;
  if (end_ != 0) {
    return;
  }
  std::size_t wanted = capacity_;
  if (received == room && capacity_ < kBufferMax) {
    wanted = capacity_ * 2;
  } else if (capacity_ > kBufferMax) {
    wanted = kBufferMax;
  } else if (small_reads_ >= kSmallReadsBeforeShrinking && capacity_ > kBufferMin) {
    wanted = capacity_ / 2;
  }
  if (wanted != capacity_) {
    buffer_ = std::make_unique_for_overwrite<char[]>(wanted);
    capacity_ = wanted;
    small_reads_ = 0;
  }
}

void TcpConnection::fail(const base::Error& reason, bool reset) {
  if (state_ == State::lingering) {
    shut(false);
    return;
  }
  port::StreamHandler* handler = std::exchange(handler_, nullptr);
  state_ = State::ended;
  if (reset) {
    shut(false);
  } else if (registered_) {
    // Kept: what is queued can still be sent when the user closes the stream.
    reactor_.poller().remove(fd_.get(), *this);
    registered_ = false;
  }
  if (handler != nullptr) {
    handler->on_closed(reason);
  }
}

bool TcpConnection::begin_linger() {
  const bool peer_ended = state_ == State::ended;
  handler_ = nullptr;
  if (!fd_.is_open() || output_.empty()) {
    shut(false);
    return false;
  }
  state_ = State::lingering;
  paused_ = peer_ended;  // nothing more to read and to throw away
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
  update_interest();
  return true;
}

void TcpConnection::linger_ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    flush();
  }
  if (!fd_.is_open()) {
    return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    shut(false);
    return;
  }
  if ((events & EPOLLIN) == 0) {
    return;
  }
  // What still arrives is thrown away: closing with unread bytes would reset the connection and
  // could destroy the last answer on its way.
  std::array<char, 4096> waste;
  const ssize_t received = ::recv(fd_.get(), waste.data(), waste.size(), MSG_DONTWAIT);
  if (received == 0 && !output_.empty()) {
    paused_ = true;  // half closed by the peer, which may still read
    update_interest();
  } else if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) {
    shut(false);
  }
}

void TcpConnection::shut(bool reset) {
  handler_ = nullptr;
  if (state_ != State::lingering) {
    state_ = State::ended;
  }
  if (!fd_.is_open()) {
    return;
  }
  if (registered_) {
    reactor_.poller().remove(fd_.get(), *this);
    registered_ = false;
  }
  if (flush_scheduled_) {
    flush_scheduled_ = false;
    reactor_.cancel_flush(*this);
  }
  reactor_.cancel_resume(*this);
  if (reset) {
    const linger now = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  fd_.reset();
}

}  // namespace ostraka::net::internal
