// What a leader has sent to one peer and the peer has not acknowledged, message by message: the
// window of replication ahead. Part of engines.
//
// A value; no threads. Bounded by Settings; never shrinks.
#pragma once

#include "base/time.h"
#include "model/ids.h"
#include "protocol/core/protocol.h"
#include "protocol/core/ring.h"

#include <algorithm>
#include <cstdint>

namespace ostraka::protocol {

class InFlight {
 public:
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] bool is_full(const Settings& settings) const {
    return messages_.size() >= settings.max_in_flight_messages ||
           bytes_ >= settings.max_in_flight_bytes;
  }
  // A message that ends with entry `last`; these rise.
  void add(model::LogIndex last, std::uint32_t bytes) {
    messages_.push_back({last, bytes});
    bytes_ += bytes;
  }
  // Everything up to here is acknowledged.
  void acknowledge(model::LogIndex match) {
    while (!messages_.empty() && messages_.front().last <= match) {
      bytes_ -= messages_.front().bytes;
      messages_.pop_front();
    }
  }
  void clear() {
    messages_.clear();
    bytes_ = 0;
  }

 private:
  struct Sent {
    model::LogIndex last;
    std::uint32_t bytes = 0;
  };

  Ring<Sent> messages_;
  std::uint64_t bytes_ = 0;
};

// A peer that has something outstanding and acknowledges none of it is asked what it has, first
// after half an election time-out, then ever more rarely (protocol/raft/README.md, "Slow is not
// lost").
[[nodiscard]] inline base::Duration first_patience(const Settings& settings) {
  return settings.election_timeout_min / 2;
}
[[nodiscard]] inline base::Duration next_patience(base::Duration patience,
                                                  const Settings& settings) {
  return std::min(std::max(patience * 2, settings.heartbeat_interval),
                  settings.election_timeout_max);
}

}  // namespace ostraka::protocol
