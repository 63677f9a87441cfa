// What the parts of a replica ask of the one that feeds the protocol.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "protocol/core/event.h"
#include "replica/internal/log_clock.h"

namespace ostraka::replica {

class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  // Gives the protocol an event: at once, or behind those that are waiting.
  virtual void feed(protocol::EventBody body) = 0;
  // Proposes an entry of client data. Gives its index, or the error: it is not in the log.
  [[nodiscard]] virtual base::Result<model::LogIndex> propose(const base::Buffer& payload) = 0;
  [[nodiscard]] virtual protocol::RequestId next_request() = 0;
  [[nodiscard]] virtual bool leads() const = 0;
  [[nodiscard]] virtual model::NodeId leader() const = 0;
  // The state machine is whole: not inside an apply, no snapshot is being installed, not broken.
  [[nodiscard]] virtual bool can_read() const = 0;
  [[nodiscard]] virtual ClockSample sample_clocks() = 0;
  // The log time has settled under this leadership: commands are accepted from now on.
  virtual void on_clock_ready() = 0;
  // Gives back memory of log entries that nobody needs any more.
  virtual void trim_cache() = 0;
};

}  // namespace ostraka::replica
