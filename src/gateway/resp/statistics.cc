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

bool Statistics::count_error(std::string_view reply) {
  if (!reply.starts_with('-')) {
    return false;
  }
  ++error_replies;
  const std::string_view prefix = reply.substr(1, reply.find_first_of(" \r") - 1);
  if (const auto known = errors_by_prefix.find(prefix); known != errors_by_prefix.end()) {
    ++known->second;
  } else {
    errors_by_prefix.emplace(prefix, 1);
  }
  return true;
}

void Statistics::reset() {
  Statistics fresh;
  fresh.connections_open = connections_open;
  fresh.commands_in_flight = commands_in_flight;
  *this = std::move(fresh);
}

}  // namespace ostraka::gateway::resp
