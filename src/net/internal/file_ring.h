// io_uring for durable writes: the reactor's thread hands a write to the kernel and finds its end
// in memory, where a pool thread would cost a wake-up and two changes of thread.
//
// Threads: the reactor's. At most one write a lane is in flight; its buffer belongs to the ring.
// The destructor waits for what the kernel still works on and drops the closures uncalled. The
// descriptor is in the poller only to end its wait: the reactor takes what has ended in every turn.
#pragma once

#include "base/result.h"
#include "net/internal/blocking_pool.h"
#include "net/internal/poller.h"
#include "port/executor.h"

#include <liburing.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace ostraka::net::internal {

class FileRing final : public PollHandler {
 public:
  // `poller` outlives the ring. Errors: unsupported, with the reason that the system gives.
  [[nodiscard]] static base::Result<std::unique_ptr<FileRing>> open(Poller& poller);
  ~FileRing() override;

  // False: the write is not one for the ring; `done` is left as it was.
  [[nodiscard]] bool submit(unsigned lane, port::DurableWrite& write, port::Closure& done);
  [[nodiscard]] bool is_busy(unsigned lane) const { return flights_[lane].has_value(); }

  struct Ended {
    unsigned lane = 0;
    port::DurableWrite* write = nullptr;
    bool has_status = false;  // else it has to be written again, by other means
    port::Closure done;
  };
  // How many take_ended() can give now.
  [[nodiscard]] unsigned ended() const { return io_uring_cq_ready(&ring_); }
  [[nodiscard]] Ended take_ended();

  void on_ready(std::uint32_t /*events*/) override {}

 private:
  struct Flight {
    port::DurableWrite* write;
    port::DirectWrite direct;
    port::Closure done;
  };

  FileRing(Poller& poller, const io_uring& ring);

  Poller& poller_;
  io_uring ring_;
  std::array<std::optional<Flight>, kLanesMax> flights_;
  unsigned in_flight_ = 0;
  bool refused_ = false;  // the kernel takes no more writes
};

}  // namespace ostraka::net::internal
