#include "net/internal/file_ring.h"

#include "base/assert.h"

#include <sys/epoll.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ostraka::net::internal {

base::Result<std::unique_ptr<FileRing>> FileRing::open(Poller& poller) {
  io_uring ring = {};
  // No deferred task work: the end of a write has to end epoll_wait.
  const int result = io_uring_queue_init(kLanesMax, &ring, 0);
  if (result < 0) {
    return base::fail(base::ErrorCode::unsupported,
                      std::error_code(-result, std::generic_category()).message());
  }
  if ((ring.features & IORING_FEAT_RW_CUR_POS) == 0) {  // of the kernel that has plain writes, too
    io_uring_queue_exit(&ring);
    return base::fail(base::ErrorCode::unsupported, "it needs Linux 5.6");
  }
  return std::unique_ptr<FileRing>(new FileRing(poller, ring));
}

FileRing::FileRing(Poller& poller, const io_uring& ring) : poller_(poller), ring_(ring) {
  poller_.add(ring_.ring_fd, EPOLLIN, *this);
}

FileRing::~FileRing() {
  while (in_flight_ > 0) {
    io_uring_cqe* entry = nullptr;
    const int result = io_uring_wait_cqe(&ring_, &entry);
    OSTRAKA_ASSERT(result == 0 || result == -EINTR, "io_uring_wait_cqe failed");
    if (result == 0) {
      static_cast<void>(take_ended());
    }
  }
  poller_.remove(ring_.ring_fd, *this);
  io_uring_queue_exit(&ring_);
}

bool FileRing::submit(unsigned lane, port::DurableWrite& write, port::Closure& done) {
  OSTRAKA_ASSERT(lane < kLanesMax, "lanes are small numbers");
  OSTRAKA_ASSERT(!is_busy(lane), "one write a lane at a time");
  if (refused_) {
    return false;
  }
  std::optional<port::DirectWrite> direct = write.file->prepare_direct(write.offset, write.pieces);
  if (!direct.has_value()) {
    return false;
  }
  io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
  OSTRAKA_ASSERT(entry != nullptr, "the ring has a place for each lane");
  io_uring_prep_write(entry, direct->descriptor, direct->buffer.get(),
                      static_cast<unsigned>(direct->bytes), direct->offset);
  io_uring_sqe_set_data64(entry, lane);
  static_cast<void>(io_uring_submit(&ring_));
  // What the kernel has left in the queue (no memory, a sandbox) it has not looked at, and never
  // will: nothing is submitted after it.
  if (io_uring_sq_ready(&ring_) > 0) {
    refused_ = true;
    return false;
  }
  flights_[lane].emplace(&write, std::move(*direct), std::move(done));
  ++in_flight_;
  return true;
}

FileRing::Ended FileRing::take_ended() {
  io_uring_cqe* entry = nullptr;
  const int result = io_uring_peek_cqe(&ring_, &entry);
  OSTRAKA_ASSERT(result == 0, "asked for what has not ended");
  const auto lane = static_cast<unsigned>(io_uring_cqe_get_data64(entry));
  const std::int64_t written = entry->res;
  io_uring_cqe_seen(&ring_, entry);
  OSTRAKA_ASSERT(lane < kLanesMax && is_busy(lane), "only writes in flight end");
  Flight flight = std::move(*flights_[lane]);
  flights_[lane].reset();
  --in_flight_;
  std::optional<base::Status> status = flight.write->file->outcome_of(flight.direct, written);
  Ended ended{.lane = lane,
              .write = flight.write,
              .has_status = status.has_value(),
              .done = std::move(flight.done)};
  if (status.has_value()) {
    flight.write->status = std::move(*status);
  }
  return ended;
}

}  // namespace ostraka::net::internal
