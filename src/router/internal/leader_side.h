// What this node does for others while it leads: takes their forwarded commands and reads, and
// sends back results in one frame per turn and node.
//
// Threads: one reactor. Bounds: the replica's; a node whose replies were lost, because a connection
// broke or a queue was full, is told so and asks again.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "replica/replica.h"
#include "router/internal/context.h"
#include "router/internal/frames.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace ostraka::router {

class LeaderSide;

struct RemoteRead final : replica::Read {
  void complete(const base::Result<base::ByteView>& results) override;

  LeaderSide* owner = nullptr;
  model::NodeId from;
  std::uint64_t id = 0;
  bool waiting = false;
};

class LeaderSide {
 public:
  explicit LeaderSide(Context& context) : context_(context) {}

  void on_request(model::NodeId from, base::ByteView body);
  // For sessions of other nodes; ignored when none of them asked here.
  void on_result(model::SessionId session, model::Serial serial,
                 const base::Result<base::ByteView>& results);
  void on_refused(model::SessionId session, model::Serial first, std::uint32_t count,
                  base::ErrorCode code);
  void on_connected(model::NodeId peer);
  void on_disconnected(model::NodeId peer);
  void flush();
  // When a node can be told of lost replies again.
  [[nodiscard]] base::Instant wake_at(base::Instant now) const;
  void stop();

 private:
  friend struct RemoteRead;
  struct Asker {
    model::NodeId node;
    model::SessionId session;  // its latest
    std::string replies;
    bool connected = true;
    bool lost = false;  // replies to it, and it has not been told
    // Bytes of replies in the interval since `began`, and in the one before.
    base::Instant began;
    std::size_t bytes = 0;
    std::size_t bytes_before = 0;
  };

  Asker& asker(model::NodeId node);
  Asker* asker_of(model::SessionId session);
  void take_commands(Asker& from, const CommandsHeader& header);
  void take_reads(model::NodeId from, base::ByteView body);
  void refuse(Asker& to, const CommandsHeader& header, std::uint32_t count, base::ErrorCode code);
  void on_read(RemoteRead& read, const base::Result<base::ByteView>& results);
  void add_reply(Asker& to, const ReplyRecord& record);
  void send(Asker& to);
  void tell_lost(Asker& to);
  [[nodiscard]] peer::Channel channel_for(Asker& to) const;

  Context& context_;
  std::vector<Asker> askers_;  // one per node that ever asked
  ForwardRequest request_;
  std::deque<RemoteRead> pool_;
  std::vector<RemoteRead*> free_;
};

}  // namespace ostraka::router
