// What the gateway tells about the node it runs in (INFO, HELLO, WAIT): filled by the composition
// root.
//
// Threads: called on the gateway's reactor; must not block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ostraka::gateway::resp {

struct ServerFacts {
  std::string version;  // of Ostraka
  std::string node_name;
  std::string run_id;       // 40 hexadecimal digits, different for each start
  std::string role;         // "leader", "follower", "candidate" …
  std::string leader_name;  // empty when unknown
  std::string executable;
  std::string config_file;
  std::uint64_t process_id = 0;
  std::uint64_t uptime_seconds = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t nodes = 1;
  // Replicas besides the leader that have every acknowledged write: the size of a majority less
  // one.
  std::uint32_t acknowledging_replicas = 0;
  double cpu_user_seconds = 0;
  double cpu_system_seconds = 0;
};

class ServerInfo {
 public:
  ServerInfo() = default;
  ServerInfo(const ServerInfo&) = delete;
  ServerInfo& operator=(const ServerInfo&) = delete;
  virtual ~ServerInfo() = default;

  [[nodiscard]] virtual ServerFacts facts() = 0;
  // The number of keys of a database when it is known without walking (INFO keyspace).
  [[nodiscard]] virtual std::optional<std::uint64_t> keys_of(std::uint32_t database) {
    static_cast<void>(database);
    return std::nullopt;
  }
};

}  // namespace ostraka::gateway::resp
