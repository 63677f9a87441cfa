// Sessions between nodes: who is there, two connections per peer (control: votes, heartbeats,
// acknowledgements, requests; bulk: entries, snapshots), batches, reconnection with back-off,
// bounds in bytes.
//
// Threads: one reactor. Frames are codec/peer_frame.h; a payload is attached as Buffers and sent
// without copying. Messages to a peer on one channel arrive in order or not at all (a broken
// connection loses what was queued and tells on_disconnected).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/membership.h"
#include "port/executor.h"
#include "port/network.h"
#include "protocol/core/message.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ostraka::peer {

enum class Channel : std::uint8_t { control = 0, bulk = 1 };

// Frame types above the greeting. Numbers are on the wire: never re-used.
enum class FrameType : std::uint8_t {
  protocol_message = 1,    // a replication message with its payloads
  forward_request = 2,     // router: a batch of commands for the shard's leader
  forward_reply = 3,       // router: results
  read_index_request = 4,  // router: bounded-staleness and follower reads
  read_index_reply = 5,
  snapshot_chunk = 6,
  snapshot_reply = 7,
  join_request = 8,  // membership: a new node asks to be admitted
  join_reply = 9,
  admin_request = 10,  // an operator's command forwarded to the leader
  admin_reply = 11,
};

// A received protocol message.
struct ReceivedMessage {
  model::ShardId shard;
  protocol::Message message;
  std::vector<base::Buffer> payloads;  // one per message.entries
};

class TransportHandler {
 public:
  TransportHandler() = default;
  TransportHandler(const TransportHandler&) = delete;
  TransportHandler& operator=(const TransportHandler&) = delete;
  virtual ~TransportHandler() = default;
  virtual void on_protocol_message(ReceivedMessage& received) = 0;
  // Any other frame. `from` is the authenticated member. It is none for a frame of call_address()
  // (a joining node has no id yet): `shard` names the call then, and send_frame() to no node with
  // this shard answers it.
  virtual void on_frame(model::NodeId from, FrameType type, model::ShardId shard,
                        base::ByteView body) = 0;
  virtual void on_connected(model::NodeId peer) = 0;
  // The connection broke (reset or closed); `refused` = a new attempt was actively refused as well.
  virtual void on_disconnected(model::NodeId peer, bool refused) = 0;
};

// Planted bugs, and the next version, with which the simulator proves its checks. Never set
// anywhere else.
enum class Mutant : std::uint8_t {
  none,
  one_connection,         // everything goes over the bulk connection, heartbeats too
  announce_next_version,  // the greeting says that the version after the highest is spoken too
};

struct TransportOptions {
  model::ClusterId cluster;
  model::NodeId self;
  model::Incarnation incarnation;
  std::uint8_t engine = 1;  // the replication engine, by its number; one of another is refused
  // empty: peers are not authenticated (loopback only)
  std::string peer_secret;
  std::size_t control_bytes_max = 16U << 20;  // queued per peer; beyond, send() says busy
  std::size_t bulk_bytes_max = 64U << 20;
  std::size_t frame_bytes_max = 72U << 20;  // received frame; larger: the connection is closed
  // One line for people about a peer that is refused or refuses; at most one per reason and
  // log_interval. Null: silent.
  std::function<void(std::string_view)> log;
  base::Duration log_interval = base::Duration::seconds(10);
  Mutant mutant = Mutant::none;
};

struct PeerConnectionStatus {
  model::NodeId id;
  model::Incarnation incarnation;  // as configured, or as learned when that was none
  bool connected = false;          // both channels to the peer are up
  std::uint16_t version = 0;
  std::size_t queued_bytes = 0;
  base::Duration round_trip;
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Listens; frames go to `handler`. Errors of listening as port::Network.
  [[nodiscard]] virtual base::Status start(const std::string& listen_address,
                                           TransportHandler& handler) = 0;
  // Who may connect and where they are; after start(). Members that are gone are disconnected;
  // another incarnation of a member is refused (except that an incarnation of 0 is learned from the
  // first greeting and reported through status()).
  virtual void set_members(std::span<const model::Member> members) = 0;
  // Queues a protocol message; its channel follows from whether it carries entries or must stay
  // behind them. False when the peer is not connected or its queue is full (the protocol's own
  // retry covers it).
  virtual bool send(model::ShardId shard, const protocol::Message& message,
                    std::span<const base::Buffer> payloads) = 0;
  // As send, for any other frame. To no node: answers the call that on_frame named, and ends it.
  virtual bool send_frame(model::NodeId to, Channel channel, FrameType type, model::ShardId shard,
                          base::ByteView body) = 0;
  // One request to an address that is not a member yet (join): connects, sends, waits for one
  // frame, closes.
  using OnReply = std::move_only_function<void(base::Result<base::Buffer>)>;
  virtual void call_address(const std::string& address, FrameType type, base::ByteView body,
                            base::Instant deadline, OnReply on_reply) = 0;
  [[nodiscard]] virtual std::vector<PeerConnectionStatus> status() const = 0;
  virtual void stop() = 0;
};

// `executor` and `network` outlive the transport. `seed` gives back-off jitter and, with the
// secret, the nonces: another one for each start of a process.
[[nodiscard]] std::unique_ptr<Transport> make_transport(port::Executor& executor,
                                                        port::Network& network,
                                                        TransportOptions options,
                                                        std::uint64_t seed);

}  // namespace ostraka::peer
