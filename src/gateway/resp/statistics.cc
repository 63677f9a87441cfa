#include "gateway/resp/statistics.h"

#include <utility>

namespace ostraka::gateway::resp {

std::uint64_t Statistics::calls() const {
  std::uint64_t sum = 0;
  for (const CommandStatistics& command : commands) {
    sum += command.calls;
  }
  return sum;
}

void Statistics::reset() {
  Statistics fresh;
  fresh.connections_open = connections_open;
  fresh.commands_in_flight = commands_in_flight;
  *this = std::move(fresh);
}

}  // namespace ostraka::gateway::resp
