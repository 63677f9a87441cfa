// One TCP connection: input buffer, output queue, and what remains to be done after its stream was
// closed.
//
// The stream handle owns it while the user holds the stream; then the network does, until the
// queued output has left (linger), or the reactor until the end of the turn. A null handler means
// that nobody wants to hear of it any more.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"
#include "net/internal/output_queue.h"
#include "net/internal/poller.h"
#include "net/network.h"
#include "net/reactor.h"
#include "port/network.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ostraka::net::internal {

// A connection error as the table has it: reset, refused, timed out.
[[nodiscard]] base::Error socket_error(int code, const std::string& context);

class TcpConnection final : public PollHandler, public TurnOutput {
 public:
  TcpConnection(Reactor& reactor, const NetworkOptions& options, Descriptor fd,
                const SocketAddress& peer);
  ~TcpConnection() override;

  void start(port::StreamHandler& handler);
  void write(base::ByteView bytes);
  void write(base::Buffer buffer);
  [[nodiscard]] std::size_t pending_bytes() const { return output_.bytes(); }
  void pause_reading();
  void resume_reading();
  [[nodiscard]] std::string peer_address() const { return peer_.to_string(); }

  // The user is gone: no callback follows. True when output is left to send and can be sent: the
  // network keeps the connection then until is_finished().
  [[nodiscard]] bool begin_linger();
  [[nodiscard]] bool is_finished() const { return !fd_.is_open(); }
  // Closes at once; `reset` drops what the peer has not got yet and tells it so.
  void shut(bool reset);

  void on_ready(std::uint32_t events) override;
  void on_resumed() override;
  void flush() override;

 private:
  enum class State : std::uint8_t {
    created,  // start() not called yet
    open,
    ended,     // the peer has sent its last byte, or the connection is broken
    lingering  // closed by the user, output left
  };
  void schedule_flush();
  void update_interest();
  void read_some();
  void deliver();
  void make_room();
  void recycle_buffer(std::size_t received, std::size_t room);
  void fail(const base::Error& reason, bool reset);
  void linger_ready(std::uint32_t events);
  [[nodiscard]] base::ByteView unconsumed() const {
    return {buffer_.get() + begin_, end_ - begin_};
  }

  Reactor& reactor_;
  const NetworkOptions& options_;
  Descriptor fd_;
  SocketAddress peer_;
  port::StreamHandler* handler_ = nullptr;
  OutputQueue output_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // unconsumed bytes are [begin_, end_)
  std::size_t end_ = 0;
  std::uint32_t interest_ = 0;  // what the poller watches
  std::uint16_t small_reads_ = 0;
  State state_ = State::created;
  bool registered_ = false;
  bool paused_ = false;
  bool flush_scheduled_ = false;
  bool wants_write_ = false;  // the kernel takes no more; wait until it does
  bool above_high_water_ = false;
};

}  // namespace ostraka::net::internal
