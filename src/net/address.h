// Addresses as text: "HOST:PORT", "[IPV6]:PORT", "*:PORT" or ":PORT" (any interface).
//
// Threads: none; values. Resolving a host name may block (DNS): see resolve().
#pragma once

#include "base/result.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::net {

struct Address {
  std::string host;  // without brackets; empty = any interface
  std::uint16_t port = 0;
};

// Errors: invalid_argument (context names the text).
[[nodiscard]] base::Result<Address> parse_address(const std::string& text);

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;

  [[nodiscard]] int family() const { return storage.ss_family; }
  // HOST:PORT, IPv6 hosts in brackets.
  [[nodiscard]] std::string to_string() const;
};

// True when the host is a number (or empty), so that resolve() does not block.
[[nodiscard]] bool is_numeric(const Address& address);

// Every socket address of the host, in the order of getaddrinfo. Errors: invalid_argument.
[[nodiscard]] base::Result<std::vector<SocketAddress>> resolve(const Address& address);

// True when the address cannot be reached from other machines (127.0.0.0/8, ::1, "localhost").
[[nodiscard]] bool is_loopback(const Address& address);

}  // namespace ostraka::net
