// What a replica sends: in the order that durability and each peer's stream demand, with the
// payloads attached.
//
// A message that waits for an append is held until release(). A message whose entries are not in
// the log cache waits for a read of the log; later messages with entries to the same peer wait
// behind it, and so do those that ask to be (Message::behind_entries); other peers and messages
// without entries (heartbeats, votes, acknowledgements) do not. Loss is allowed: what cannot be
// sent, or whose entries have been overwritten, is dropped and counted. Threads: the shard's
// reactor.
#pragma once

#include "base/bytes.h"
#include "model/ids.h"
#include "port/log_store.h"
#include "protocol/core/effects.h"
#include "replica/internal/deferred.h"
#include "replica/internal/log_cache.h"
#include "replica/internal/ring_queue.h"
#include "replica/listener.h"
#include "replica/replica.h"

#include <cstddef>
#include <map>
#include <vector>

namespace ostraka::replica {

class Outbox {
 public:
  struct Environment {
    model::ShardId shard;
    Peers& peers;
    port::LogStore& log;
    const LogCache& cache;
    Counters& counters;
    std::size_t waiting_max;
  };
  explicit Outbox(const Environment& environment) : env_(environment) {}

  // Sends now, or as soon as the payloads are read.
  void send(protocol::Message& message);
  // Sends when `token` is released.
  void hold(const protocol::DelayedMessage& delayed);
  // Everything up to `token` is durable.
  void release(protocol::AppendToken token);
  // Drops what waits (stop, snapshot install).
  void drop_waiting();

 private:
  struct Waiting {
    RingQueue<protocol::Message> messages;
    std::vector<base::Buffer> payloads;  // of the front message, as far as read
    bool reading = false;
  };
  enum class Attached : std::uint8_t { complete, missing, overwritten };

  [[nodiscard]] Attached attach(protocol::Message& message, std::vector<base::Buffer>& payloads);
  void transmit(const protocol::Message& message, std::span<const base::Buffer> payloads);
  void pump(model::NodeId peer, Waiting& waiting);
  void read_front(model::NodeId peer, Waiting& waiting);
  void on_read(model::NodeId peer, base::Result<std::vector<port::LogEntry>> entries);

  Environment env_;
  RingQueue<protocol::DelayedMessage> held_;  // rising tokens
  protocol::AppendToken released_;
  std::map<model::NodeId, Waiting> waiting_;
  std::vector<base::Buffer> payloads_;
  Guard guard_;
};

}  // namespace ostraka::replica
