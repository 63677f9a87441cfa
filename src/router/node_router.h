// The router of one node: one shard, one session of the node in that shard's state.
//
// Every write of every client connection of this node gets the next serial of the node's session,
// in submit order; the shard applies serials without gaps and stores replies, so a resent suffix is
// done once. Resent is always the whole unacknowledged suffix, in order. See README.md.
//
// Threads: one reactor. Ownership: everything passed in outlives the router. stop() before
// destruction completes what is in flight; destruction alone (a simulated crash) calls nobody.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "peer/transport.h"
#include "port/executor.h"
#include "replica/listener.h"
#include "router/router.h"
#include "router/shard.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ostraka::router {

// A deliberate bug for the simulator. Never set anywhere else.
enum class Mutant : std::uint8_t {
  none,
  // When the suffix is sent again, its first command gets a serial of its own behind the others
  // (E6).
  retry_alone,
  // What was sent again is done again in the next session when the first one has expired (S18).
  redo_expired,
  unbounded_queue_time,  // writes are taken however long those before them wait (overload)
};

struct RouterOptions {
  model::ShardId shard = {};
  model::NodeId self = {};
  std::uint64_t seed = 0;  // session identifiers are drawn from it: new per process start
  // Bounds: beyond, a call is completed with busy at once. One call alone may have any size.
  std::size_t session_bytes_max = 64U << 20;
  std::size_t session_calls_max = 16U << 10;
  std::size_t node_bytes_max = 256U << 20;
  std::size_t node_calls_max = 256U << 10;
  // A write that would wait longer than this, besides what an answer takes without a queue, is
  // completed with busy at once; not while fewer than so many writes are in flight. One connection
  // may have half of them (gateway::resp::ConnectionLimits::in_flight_max).
  base::Duration queue_time_max = base::Duration::milliseconds(50);
  std::size_t queue_calls_min = 2048;
  // Writes sent and not answered. Below kv::SessionLimits::replies_kept_max, or stored replies
  // would be forgotten before they are acknowledged.
  std::uint32_t window_calls_max = 4096;
  std::size_t window_bytes_max = 32U << 20;
  std::size_t frame_bytes_max = 512U << 10;  // of commands in one forwarded batch
  // After a refusal (busy, no leader) the same leader is asked again after this.
  base::Duration retry_interval = base::Duration::milliseconds(20);
  // Without any answer for so long, and a second for each 128 KiB of it, the suffix is sent again.
  base::Duration resend_after = base::Duration::milliseconds(1000);
  Mutant mutant = Mutant::none;
};

struct RouterCounters {
  std::uint64_t writes = 0;         // accepted from sessions of this node
  std::uint64_t reads = 0;          // accepted from sessions of this node
  std::uint64_t busy = 0;           // refused at a bound
  std::uint64_t forwarded = 0;      // commands and reads sent to another node
  std::uint64_t served = 0;         // commands and reads taken from other nodes
  std::uint64_t resends = 0;        // times that an unacknowledged suffix was sent again
  std::uint64_t registrations = 0;  // sessions of the node that were asked for
  std::uint64_t unknown_outcomes = 0;
  std::uint64_t expired_retries = 0;  // of these, sent more than once when the session had expired
  std::uint64_t deadlines = 0;        // calls that ended at their deadline, unknown ones included
};

struct RouterStatus {
  std::size_t sessions = 0;
  std::size_t calls_in_flight = 0;
  std::size_t bytes_in_flight = 0;
  std::size_t window_calls = 0;
  bool session_registered = false;
  RouterCounters counters;
};

class NodeRouter final : public Router, public replica::Sessions {
 public:
  NodeRouter(port::Executor& executor, Shard& shard, peer::Transport& transport,
             RouterOptions options);
  ~NodeRouter() override;

  // --- Router ---
  [[nodiscard]] std::unique_ptr<Session> open_session() override;
  [[nodiscard]] base::WallTime log_time_now() override;
  [[nodiscard]] bool ready() const override;

  // --- From the replica ---
  void on_result(model::ShardId shard, model::SessionId session, model::Serial serial,
                 const base::Result<base::ByteView>& results) override;
  void on_refused(model::ShardId shard, model::SessionId session, model::Serial first_serial,
                  std::uint32_t count, base::ErrorCode code) override;
  void on_leadership(model::ShardId shard, bool leads_here, model::NodeId leader) override;

  // --- Plug into the node's peer::TransportHandler ---
  // True when the frame was the router's (forward_request, forward_reply).
  bool on_frame(model::NodeId from, peer::FrameType type, model::ShardId shard,
                base::ByteView body);
  void on_connected(model::NodeId peer);
  void on_disconnected(model::NodeId peer);

  // Completes everything in flight: shutting_down when certainly not done, else unknown_outcome.
  // Refuses new calls.
  void stop();
  [[nodiscard]] RouterStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostraka::router
