// The engines that a cluster can be made with. A cluster has one for its whole life: the number is
// in every data directory and in every greeting between nodes.
//
// Threads: none; constants.
#pragma once

#include "protocol/core/protocol.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ostraka::protocol {

struct Engine {
  std::string_view name;    // as on the command line
  std::uint8_t number = 0;  // on disk and between nodes; never used again for something else
  std::unique_ptr<Protocol> (*make)(const ProtocolParts& parts) = nullptr;
  bool keeps_slots = false;  // Protocol::keeps_slots() of what it makes
};

// What a cluster has that was not told otherwise, and what a directory or a greeting of a version
// before there was a choice means.
inline constexpr std::string_view kDefaultEngine = "raft";

[[nodiscard]] std::span<const Engine> engines();
// Null when there is none of that name or number.
[[nodiscard]] const Engine* find_engine(std::string_view name);
[[nodiscard]] const Engine* find_engine(std::uint8_t number);
// "raft, multi-paxos, zab", for messages.
[[nodiscard]] std::string engine_names();

}  // namespace ostraka::protocol
