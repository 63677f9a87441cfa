// The bytes a stream has to send: copied bytes in one growing arena, attached buffers in between,
// all in order. Sent with one gathering system call.
//
// Threads: the reactor's. Steady state: the arena keeps its capacity, nothing is allocated.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <string>
#include <vector>

namespace ostraka::net::internal {

class OutputQueue {
 public:
  void append(base::ByteView bytes);
  void append(base::Buffer buffer);
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  void clear();

  // One sendmsg. Returns 0 when all is well (also when the kernel took only a part or nothing), or
  // errno.
  [[nodiscard]] int send(int fd);

 private:
  // A run of arena bytes, or an attached buffer (then copied == 0).
  struct Piece {
    base::Buffer buffer;
    std::size_t copied = 0;
    [[nodiscard]] std::size_t size() const { return copied != 0 ? copied : buffer.size(); }
  };
  void consume(std::size_t count);
  void pop_piece();

  std::string arena_;
  std::vector<Piece> pieces_;
  std::size_t arena_sent_ = 0;   // arena bytes before the first piece's unsent bytes
  std::size_t first_piece_ = 0;  // pieces before it are sent
  std::size_t piece_sent_ = 0;   // bytes of the first piece that are sent
  std::size_t bytes_ = 0;
};

}  // namespace ostraka::net::internal
