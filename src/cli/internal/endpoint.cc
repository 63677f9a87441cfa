#include "cli/internal/endpoint.h"

#include "cli/commands.h"
#include "node/cluster.h"

#include <fmt/format.h>

namespace ostraka::cli {

bool is_endpoint(const std::string& address, const EndpointFlag& flag) {
  if (node::is_valid_address(address)) {
    return true;
  }
  complain(fmt::format("--endpoint '{}' is no HOST:PORT (example: {})", address, flag.example));
  return false;
}

void complain_about(const std::string& address, const base::Error& error,
                    const EndpointFlag& flag) {
  if (error.code == base::ErrorCode::connection_refused) {
    complain(fmt::format("no server answers at {} ({}): start one, or name another with --endpoint",
                         address, error.context));
  } else if (error.code == base::ErrorCode::malformed) {
    complain(
        fmt::format("what answers at {} is no {} server of Ostraka: --endpoint takes the {} "
                    "address that a node prints when it is ready",
                    address, flag.kind, flag.kind));
  } else if (error.code == base::ErrorCode::deadline_exceeded) {
    complain(fmt::format("{} does not answer in time; is it the {} address of a node?", address,
                         flag.kind));
  } else {
    complain(
        fmt::format("{}: {}", address, error.context.empty() ? error.to_string() : error.context));
  }
}

}  // namespace ostraka::cli
