// What the tools say about the address that they are given and about a server that does not answer.
#pragma once

#include "base/result.h"

#include <string>

namespace ostraka::cli {

// The flag --endpoint of one tool.
struct EndpointFlag {
  const char* example;
  const char* kind;  // which of a node's addresses: "HTTP" or "Redis"
};

// False, with a line: not HOST:PORT.
[[nodiscard]] bool is_endpoint(const std::string& address, const EndpointFlag& flag);
// One line about a call that got no answer.
void complain_about(const std::string& address, const base::Error& error, const EndpointFlag& flag);

}  // namespace ostraka::cli
