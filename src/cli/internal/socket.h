// A blocking TCP connection with a time limit on every step: all that the tools need.
//
// Threads: one. Closes on destruction.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <string>
#include <string_view>

namespace ostraka::cli {

class Socket {
 public:
  Socket() = default;
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Errors: invalid_argument, connection_refused.
  [[nodiscard]] static base::Result<Socket> connect(const std::string& address,
                                                    base::Duration limit);
  // Errors: connection_closed, deadline_exceeded.
  [[nodiscard]] base::Status write(std::string_view bytes);
  // Appends what is there, at least one byte. Errors: connection_closed, deadline_exceeded.
  [[nodiscard]] base::Status read_some(std::string& out);
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

}  // namespace ostraka::cli
