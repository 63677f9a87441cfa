// replica::Peers on the transport between nodes.
#pragma once

#include "peer/transport.h"
#include "replica/listener.h"

namespace ostraka::store {

class PeerLink final : public replica::Peers {
 public:
  explicit PeerLink(peer::Transport& transport) : transport_(transport) {}
  bool send(model::ShardId shard, const protocol::Message& message,
            std::span<const base::Buffer> payloads) override {
    return transport_.send(shard, message, payloads);
  }
  bool send_read_index_request(model::ShardId shard, model::NodeId to,
                               base::ByteView body) override {
    return transport_.send_frame(to, peer::Channel::control, peer::FrameType::read_index_request,
                                 shard, body);
  }
  bool send_read_index_reply(model::ShardId shard, model::NodeId to, base::ByteView body) override {
    return transport_.send_frame(to, peer::Channel::control, peer::FrameType::read_index_reply,
                                 shard, body);
  }

 private:
  peer::Transport& transport_;
};

}  // namespace ostraka::store
