// One HTTP request to a node, blocking.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <string>

namespace ostraka::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

struct HttpCall {
  std::string method = "GET";
  std::string path;
  std::string body = {};
  std::string password = {};  // sent as a bearer token when not empty
};

// Errors: connection_refused, connection_closed, deadline_exceeded, malformed.
[[nodiscard]] base::Result<HttpAnswer> http_call(const std::string& endpoint, const HttpCall& call,
                                                 base::Duration limit);

}  // namespace ostraka::cli
