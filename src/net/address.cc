#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace ostraka::net {
namespace {

base::Result<std::uint16_t> parse_port(std::string_view digits, const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "address \"" + text + "\": the port must be a number from 0 to 65535");
  }
  return port;
}

}  // namespace

base::Result<Address> parse_address(const std::string& text) {
  const std::string_view view = text;
  const std::size_t colon = view.rfind(':');
  if (colon == std::string_view::npos) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "address \"" + text + "\": expected HOST:PORT");
  }
  std::string_view host = view.substr(0, colon);
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']' || host.size() < 3) {
      return base::fail(base::ErrorCode::invalid_argument,
                        "address \"" + text + "\": expected [IPV6]:PORT");
    }
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "address \"" + text + "\": an IPv6 host stands in brackets");
  }
  if (host == "*") {
    host = {};
  }
  OSTRAKA_ASSIGN(const std::uint16_t port, parse_port(view.substr(colon + 1), text));
  return Address{.host = std::string(host), .port = port};
}

std::string SocketAddress::to_string() const {
  char host[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &storage, sizeof(v4));
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
    return std::string(host) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (family() == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &storage, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return "unknown";
}

bool is_numeric(const Address& address) {
  in6_addr scratch = {};
  return address.host.empty() || inet_pton(AF_INET, address.host.c_str(), &scratch) == 1 ||
         inet_pton(AF_INET6, address.host.c_str(), &scratch) == 1;
}

base::Result<std::vector<SocketAddress>> resolve(const Address& address) {
  addrinfo hints = {};
  hints.ai_family = address.host.empty() ? AF_INET : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (address.host.empty() ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int code = getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(), port.c_str(),
                               &hints, &found);
  if (code != 0) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "host \"" + address.host + "\": " + gai_strerror(code));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_addrlen <= sizeof(sockaddr_storage)) {
      SocketAddress socket_address;
      std::memcpy(&socket_address.storage, one->ai_addr, one->ai_addrlen);
      socket_address.length = one->ai_addrlen;
      addresses.push_back(socket_address);
    }
  }
  freeaddrinfo(found);
  if (addresses.empty()) {
    return base::fail(base::ErrorCode::invalid_argument,
                      "host \"" + address.host + "\": no address");
  }
  return addresses;
}

bool is_loopback(const Address& address) {
  in_addr v4 = {};
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  in6_addr v6 = {};
  if (inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return address.host == "localhost";
}

}  // namespace ostraka::net
