// The Transport: all sessions of a node, the links to its peers, and calls.
//
// A link = the two connections that this node dialled to one peer; it is up when both have greeted.
// When either breaks, both are dropped, so that "the link broke" is one event for what runs above.
// After a break it is dialled again at once; if that fails, with exponential back-off and jitter.
//
// Threads: one reactor. Sessions are owned here by number; callbacks of connection attempts find
// the transport through a weak token and the link by its generation.
#pragma once

#include "base/prng.h"
#include "peer/internal/refusal_log.h"
#include "peer/internal/session.h"
#include "peer/transport.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ostraka::peer::internal {

class TransportImpl final : public Transport, private SessionOwner {
 public:
  TransportImpl(port::Executor& executor, port::Network& network, TransportOptions options,
                std::uint64_t seed);

  base::Status start(const std::string& listen_address, TransportHandler& handler) override;
  void set_members(std::span<const model::Member> members) override;
  bool send(model::ShardId shard, const protocol::Message& message,
            std::span<const base::Buffer> payloads) override;
  bool send_frame(model::NodeId to, Channel channel, FrameType type, model::ShardId shard,
                  base::ByteView body) override;
  void call_address(const std::string& address, FrameType type, base::ByteView body,
                    base::Instant deadline, OnReply on_reply) override;
  [[nodiscard]] std::vector<PeerConnectionStatus> status() const override;
  void stop() override;

 private:
  struct Peer {
    model::Member member;
    std::array<Session*, 2> out = {};  // by channel; null: not dialled or still connecting
    std::array<Session*, 2> in = {};
    std::unique_ptr<port::Timer> retry;
    std::uint64_t generation = 0;  // of the link; older connection attempts are dropped
    std::uint32_t failures = 0;
    bool up = false;
    bool waiting = false;       // for the retry timer
    bool break_untold = false;  // on_disconnected is owed
  };
  struct Call {
    Session* session = nullptr;  // null: still connecting
    FrameType type = FrameType::join_request;
    std::string body;
    OnReply on_reply;
    std::unique_ptr<port::Timer> deadline;
  };
  using CallNumber = std::uint64_t;

  // Links.
  void dial(Peer& peer);
  void dial_channel(Peer& peer, std::uint8_t channel);
  void on_dialled(model::NodeId id, std::uint8_t channel, std::uint64_t generation,
                  base::Result<std::unique_ptr<port::Stream>> stream);
  void drop_link(Peer& peer);
  void link_failed(Peer& peer, const base::Error& reason);
  void schedule_retry(Peer& peer);
  void dial_again_now(Peer& peer);
  [[nodiscard]] bool may_queue(const Session& session, std::size_t bytes) const;
  [[nodiscard]] Session* ready_session(model::NodeId to, Channel channel);

  // Sessions.
  std::optional<codec::RefuseReason> admit(Session& session) override;
  void on_ready(Session& session) override;
  base::Status on_frame(Session& session, codec::PeerFrameReader& frame) override;
  void on_ended(Session& session, const base::Error& reason) override;
  void on_accepted(std::unique_ptr<port::Stream> stream);
  base::Status on_message(Session& session, codec::PeerFrameReader& frame);
  Session& add_session();
  void remove_session(Session& session);
  void tick();

  // Calls.
  void on_call_dialled(CallNumber number, base::Result<std::unique_ptr<port::Stream>> stream);
  void finish_call(CallNumber number, base::Result<base::Buffer> result);
  [[nodiscard]] CallNumber call_of(const Session& session) const;
  bool answer_call(std::uint64_t session, FrameType type, base::ByteView body);

  Peer* find(model::NodeId id);

  port::Executor& executor_;
  port::Network& network_;
  TransportOptions options_;
  base::Prng prng_;
  LocalIdentity local_;
  RefusalLog log_;
  TransportHandler* handler_ = nullptr;
  std::unique_ptr<port::Listener> listener_;
  std::unique_ptr<port::Timer> tick_;
  std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::map<model::NodeId, Peer> peers_;
  std::map<CallNumber, Call> calls_;
  std::uint64_t next_number_ = 1;  // of sessions and calls
  ReceivedMessage received_;       // reused
  std::shared_ptr<TransportImpl*> token_ = std::make_shared<TransportImpl*>(this);
};

}  // namespace ostraka::peer::internal
