// Byte streams between processes.
//
// Threads: everything on the reactor that owns the Network. Ownership: the user owns the Stream; it
// calls back into the StreamHandler until close() or on_closed, never after. Destroying a Stream
// closes it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace ostraka::port {

class StreamHandler {
 public:
  StreamHandler() = default;
  StreamHandler(const StreamHandler&) = delete;
  StreamHandler& operator=(const StreamHandler&) = delete;
  virtual ~StreamHandler() = default;
  // Everything received and not consumed yet. Returns how many bytes were consumed; the rest is
  // presented again with what follows. A handler that cannot take more pauses reading.
  virtual std::size_t on_bytes(base::ByteView bytes) = 0;
  // The output queue went from above its high-water mark to empty.
  virtual void on_drained() {}
  // The peer closed, or an error broke the stream. Called at most once, never from within a call to
  // the stream.
  virtual void on_closed(const base::Error& reason) = 0;
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Must be called once, before anything arrives. `handler` outlives the stream or its close().
  virtual void start(StreamHandler& handler) = 0;
  // Queues a copy of the bytes; they leave in one system call with everything queued in this turn.
  virtual void write(base::ByteView bytes) = 0;
  // Queues without copying; holds the buffer until it is sent.
  virtual void write(base::Buffer buffer) = 0;
  // Bytes queued and not yet taken by the kernel: the caller bounds this.
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  // Sends what is queued, then closes. No callback follows.
  virtual void close() = 0;
  // Drops what is queued and resets the connection. No callback follows.
  virtual void abort() = 0;
  [[nodiscard]] virtual std::string peer_address() const = 0;
};

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;  // stops listening
  // HOST:PORT as bound (port 0 resolved).
  [[nodiscard]] virtual std::string address() const = 0;
};

class Network {
 public:
  using OnAccept = std::move_only_function<void(std::unique_ptr<Stream>)>;
  using OnConnect = std::move_only_function<void(base::Result<std::unique_ptr<Stream>>)>;

  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  // Errors: address_in_use, permission_denied, invalid_argument (context names the address).
  [[nodiscard]] virtual base::Result<std::unique_ptr<Listener>> listen(const std::string& address,
                                                                       OnAccept on_accept) = 0;
  // Calls back exactly once, never from within the call.
  virtual void connect(const std::string& address, base::Instant deadline,
                       OnConnect on_connect) = 0;
};

}  // namespace ostraka::port
