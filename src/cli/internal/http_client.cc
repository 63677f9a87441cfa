#include "cli/internal/http_client.h"

#include "cli/internal/socket.h"

#include <fmt/format.h>

#include <charconv>

namespace ostraka::cli {

namespace {

constexpr std::string_view kHttp = "HTTP/1.";

// "HTTP/1.1 200 OK" gives 200.
int status_of(std::string_view head) {
  int status = 0;
  if (head.size() > 12 && head.starts_with(kHttp)) {
    std::from_chars(head.data() + 9, head.data() + 12, status);
  }
  return status;
}

}  // namespace

base::Result<HttpAnswer> http_call(const std::string& endpoint, const HttpCall& call,
                                   base::Duration limit) {
  OSTRAKA_ASSIGN(Socket socket, Socket::connect(endpoint, limit));
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                    call.method, call.path, endpoint);
  if (!call.password.empty()) {
    request += fmt::format("Authorization: Bearer {}\r\n", call.password);
  }
  if (call.method != "GET") {
    request +=
        fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", call.body.size());
  }
  request += "\r\n" + call.body;
  OSTRAKA_TRY(socket.write(request));
  std::string answer;
  base::Status more;
  while (more.has_value()) {
    more = socket.read_some(answer);
    if (more.has_value() && !answer.starts_with(kHttp.substr(0, answer.size()))) {
      return base::fail(base::ErrorCode::malformed, "no HTTP");
    }
  }
  const std::size_t end = answer.find("\r\n\r\n");
  const int status = status_of(answer);
  if (end == std::string::npos || status == 0) {
    if (more.error().code == base::ErrorCode::deadline_exceeded || answer.empty()) {
      return std::unexpected(std::move(more).error());
    }
    return base::fail(base::ErrorCode::malformed, "no HTTP");
  }
  return HttpAnswer{.status = status, .body = answer.substr(end + 4)};
}

}  // namespace ostraka::cli
