// Settings of the Redis gateway. Every number is a bound that a client cannot exceed.
#pragma once

#include "base/time.h"
#include "codec/resp_parser.h"

#include <cstdint>
#include <string>

namespace ostraka::gateway::resp {

// Bounds on one connection.
struct ConnectionLimits {
  codec::RespLimits requests;
  std::size_t key_bytes_max = 64U << 10;
  // Commands whose reply has not left: beyond, no further request is read.
  std::uint32_t in_flight_max = 1024;
  // Commands that one connection may bring in one turn before others get theirs.
  std::uint32_t commands_per_turn_max = 128;
  std::uint32_t watched_keys_max = 4096;
  std::size_t transaction_bytes_max = 64U << 20;
  // Replies that the client has not taken: above `soft` no further request is read, above `hard` or
  // after `stall` without any progress the connection is cut.
  std::size_t output_soft_bytes = 1U << 20;
  std::size_t output_hard_bytes = 256U << 20;
  base::Duration output_stall = base::Duration::seconds(60);
  // A command that has begun to arrive must bring this many bytes (or its end) in each window.
  base::Duration progress_window = base::Duration::seconds(10);
  std::uint32_t progress_bytes_min = 1024;
  // With a password: how long a connection may stay without having given it.
  base::Duration authentication_max = base::Duration::seconds(60);
};

struct Options {
  std::string password;  // empty: none is asked for
  std::uint32_t clients_max = 10'000;
  // A connection that is silent this long is closed; zero: never (Redis' `timeout`).
  base::Duration idle_max;
  // Every command ends within this time in success, failure or "unknown".
  base::Duration call_deadline = base::Duration::seconds(5);
  // Stopping: how long a silent connection may still bring a command, which is refused in words.
  base::Duration drain_grace = base::Duration::milliseconds(200);
  // READONLY: how stale a read may be.
  base::Duration readonly_staleness_max = base::Duration::milliseconds(500);
  ConnectionLimits connection;
  // Keys examined by one SCAN call, whatever COUNT says.
  std::uint32_t scan_keys_max = 10'000;
  // A stored SCAN cursor lives this long after it was last handed out.
  base::Duration cursor_lifetime = base::Duration::seconds(3600);
  // Attempts of commands that compute from what they read (INCRBYFLOAT) before they answer BUSY.
  std::uint32_t attempts_max = 64;
  std::uint64_t seed = 1;  // RANDOMKEY
};

}  // namespace ostraka::gateway::resp
