#include "net/internal/output_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace ostraka::net::internal {
namespace {

constexpr std::size_t kIovMax = 128;
// Up to here copying is cheaper than another entry of the gather list and a reference count.
constexpr std::size_t kCopyMax = 512;
constexpr std::size_t kArenaKept = 256U << 10;

}  // namespace

void OutputQueue::append(base::ByteView bytes) {
  if (bytes.empty()) {
    return;
  }
  arena_.append(bytes);
  bytes_ += bytes.size();
  if (first_piece_ < pieces_.size() && pieces_.back().copied != 0) {
    pieces_.back().copied += bytes.size();
  } else {
    pieces_.push_back(Piece{.buffer = {}, .copied = bytes.size()});
  }
}

void OutputQueue::append(base::Buffer buffer) {
  if (buffer.size() <= kCopyMax) {
    append(buffer.view());
    return;
  }
  bytes_ += buffer.size();
  pieces_.push_back(Piece{.buffer = std::move(buffer), .copied = 0});
}

void OutputQueue::clear() {
  pieces_.clear();
  first_piece_ = 0;
  piece_sent_ = 0;
  arena_sent_ = 0;
  bytes_ = 0;
  arena_.clear();
  if (arena_.capacity() > kArenaKept) {
    arena_ = std::string();
  }
}

int OutputQueue::send(int fd) {
  std::array<iovec, kIovMax> gather = {};
  std::size_t count = 0;
  std::size_t arena_at = arena_sent_;
  for (std::size_t i = first_piece_; i < pieces_.size() && count < kIovMax; ++i) {
    const Piece& piece = pieces_[i];
    const std::size_t skip = i == first_piece_ ? piece_sent_ : 0;
    const std::size_t left = piece.size() - skip;
    const char* data = nullptr;
    if (piece.copied != 0) {
      data = arena_.data() + arena_at;
      arena_at += left;
    } else {
      data = piece.buffer.view().data() + skip;
    }
    // sendmsg only reads; iovec has no const form.
    gather[count++] = iovec{.iov_base = const_cast<char*>(data), .iov_len = left};
  }
  msghdr message = {};
  message.msg_iov = gather.data();
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    return errno == EAGAIN ? 0 : errno;
  }
  consume(static_cast<std::size_t>(sent));
  return 0;
}

void OutputQueue::consume(std::size_t count) {
  bytes_ -= count;
  if (bytes_ == 0) {
    clear();
    return;
  }
  while (count > 0) {
    const Piece& piece = pieces_[first_piece_];
    const std::size_t taken = std::min(count, piece.size() - piece_sent_);
    arena_sent_ += piece.copied != 0 ? taken : 0;
    piece_sent_ += taken;
    count -= taken;
    if (piece_sent_ == piece.size()) {
      pop_piece();
    }
  }
  // A reader that is slow for long: give back what was sent.
  if (arena_sent_ > kArenaKept && arena_sent_ > arena_.size() / 2) {
    arena_.erase(0, arena_sent_);
    arena_sent_ = 0;
  }
  if (first_piece_ > 64 && first_piece_ > pieces_.size() / 2) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_piece_));
    first_piece_ = 0;
  }
}

void OutputQueue::pop_piece() {
  pieces_[first_piece_].buffer = {};
  ++first_piece_;
  piece_sent_ = 0;
}

}  // namespace ostraka::net::internal
