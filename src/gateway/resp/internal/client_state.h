// What a connection is, apart from its bytes: everything that commands read and change.
#pragma once

#include "base/time.h"
#include "codec/resp_writer.h"
#include "gateway/resp/command_table.h"
#include "model/ids.h"
#include "router/router.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ostraka::gateway::resp {

inline constexpr std::uint32_t kDatabases = 16;

// Redis database n is keyspace n + 1.
[[nodiscard]] inline model::KeyspaceId keyspace_of(std::uint32_t database) {
  return model::KeyspaceId(database + 1);
}

struct WatchedKey {
  model::KeyspaceId keyspace;
  std::string key;
  std::int64_t version;  // when WATCH ran
};

// A command between MULTI and EXEC. Its words are owned: they wait for EXEC.
struct QueuedCommand {
  CommandId id;
  std::vector<std::string> words;
};

struct TransactionState {
  bool active = false;  // between MULTI and EXEC
  bool dirty = false;   // a command was refused: EXEC will abort
  std::size_t bytes = 0;
  std::vector<QueuedCommand> queue;

  void clear() {
    active = false;
    dirty = false;
    bytes = 0;
    queue.clear();
  }
};

struct ClientState {
  std::uint64_t id = 0;
  std::string address;
  std::string local_address;
  std::string name;
  std::string library_name;
  std::string library_version;
  codec::RespProtocol protocol = codec::RespProtocol::resp2;
  std::uint32_t database = 0;
  bool authenticated = false;
  bool close_after_reply = false;
  bool no_evict = false;
  router::Consistency consistency;  // of reads
  TransactionState transaction;
  std::vector<WatchedKey> watched;
  base::Instant connected_at;
  base::Instant last_active;
  CommandId last_command = CommandId::client;
  std::uint64_t commands = 0;
  std::size_t output_pending = 0;  // refreshed before it is shown

  // RESET: as a new connection.
  void reset(bool authenticated_now) {
    name.clear();
    protocol = codec::RespProtocol::resp2;
    database = 0;
    authenticated = authenticated_now;
    no_evict = false;
    consistency = {};
    transaction.clear();
    watched.clear();
  }
};

}  // namespace ostraka::gateway::resp
