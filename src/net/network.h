// The real port::Network: TCP on a reactor.
//
// Threads: the reactor's. The network outlives its streams, listeners and connection attempts; what
// is still being sent or tried when it is destroyed is dropped.
//
// Reading: at most one read a turn and connection, into a buffer of the connection that grows with
// the traffic and shrinks again. Writing: everything queued in a turn leaves with one sendmsg at
// its end; only when the kernel takes no more is writability waited for. resume_reading() presents
// unconsumed bytes again in the next turn. After on_closed further writes are dropped.
#pragma once

#include "base/time.h"
#include "net/reactor.h"
#include "port/network.h"

#include <cstddef>
#include <memory>

namespace ostraka::net {

struct NetworkOptions {
  // Received and not consumed; beyond, the connection is closed with too_large.
  std::size_t unconsumed_bytes_max = 128U << 20;
  // Stream::on_drained is called when the queue was above this and is empty again.
  std::size_t high_water_bytes = 256U << 10;
  // How long a closed stream may take to send what was queued.
  base::Duration linger = base::Duration::seconds(5);
  // After running out of file descriptors: how long a listener waits before it accepts again.
  base::Duration accept_pause = base::Duration::milliseconds(100);
};

[[nodiscard]] std::unique_ptr<port::Network> make_network(Reactor& reactor,
                                                          NetworkOptions options = {});

}  // namespace ostraka::net
