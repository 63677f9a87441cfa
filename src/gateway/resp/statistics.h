// Counters of the Redis gateway, for /metrics and INFO.
//
// Threads: written and read on the gateway's reactor. Latency: from the parsed request to the
// finished reply, in nanoseconds; only of commands that have been called.
#pragma once

#include "base/histogram.h"
#include "gateway/resp/command_table.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace ostraka::gateway::resp {

struct CommandStatistics {
  std::uint64_t calls = 0;                      // answered, errors included
  std::uint64_t rejected = 0;                   // refused before execution: arity, authentication …
  std::uint64_t failed = 0;                     // answered with an error
  std::unique_ptr<base::Histogram> latency_ns;  // null until the first call
};

struct Statistics {
  std::array<CommandStatistics, kCommandCount> commands;
  std::uint64_t unknown_commands = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t error_replies = 0;  // those within the reply of EXEC included
  // The same by their first word (ERR, WRONGPASS, …). Only this program's texts: bounded.
  std::map<std::string, std::uint64_t, std::less<>> errors_by_prefix;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // clients_max
  std::uint64_t connections_cut = 0;      // time-outs and output limits
  std::uint64_t connections_open = 0;
  std::uint64_t commands_in_flight = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  [[nodiscard]] CommandStatistics& of(CommandId id) {
    return commands[static_cast<std::size_t>(id)];
  }
  [[nodiscard]] const CommandStatistics& of(CommandId id) const {
    return commands[static_cast<std::size_t>(id)];
  }
  // Takes note of an encoded reply when it is an error; true then.
  bool count_error(std::string_view reply);
  // Calls of every command.
  [[nodiscard]] std::uint64_t calls() const;
  // What counts since the start or the last CONFIG RESETSTAT; open connections stay.
  void reset();
};

}  // namespace ostraka::gateway::resp
