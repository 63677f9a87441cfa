// One connection between two nodes: the greeting, then frames. Either side of it.
//
// Each node dials its own two connections to every peer and sends on them; on the connections that
// it accepted it only receives (and answers pings). So nobody has to decide who dials.
//
// Ownership: the transport owns the session; end() gives up the stream at once, the object itself
// is freed later, because it may be on the stack. After end() the owner hears nothing more of it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/peer_frame.h"
#include "codec/peer_frame_greeting.h"
#include "model/ids.h"
#include "peer/internal/handshake.h"
#include "port/executor.h"
#include "port/network.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ostraka::peer::internal {

// The wire's channel numbers: peer::Channel, and calls of one request.
inline constexpr std::uint8_t kControl = 0;
inline constexpr std::uint8_t kBulk = 1;
inline constexpr std::uint8_t kCall = 2;

// Who this node is, for all its sessions.
struct LocalIdentity {
  model::ClusterId cluster;
  model::NodeId node;
  model::Incarnation incarnation;
  std::uint8_t engine = codec::kPeerEngineRaft;
  std::string secret;
  std::uint64_t nonce_seed = 0;
  std::uint64_t nonces = 0;  // given out
  std::size_t frame_bytes_max = 0;
  std::uint16_t version_max = kVersionMax;  // announced
};

class Session;

class SessionOwner {
 public:
  SessionOwner() = default;
  SessionOwner(const SessionOwner&) = delete;
  SessionOwner& operator=(const SessionOwner&) = delete;
  virtual ~SessionOwner() = default;
  // The other side has proved that it knows the secret; may this identity come in? A reason refuses
  // it. (Version, secret and cluster are checked already.)
  virtual std::optional<codec::RefuseReason> admit(Session& session) = 0;
  virtual void on_ready(Session& session) = 0;
  // A frame above the session. An error ends the session.
  virtual base::Status on_frame(Session& session, codec::PeerFrameReader& frame) = 0;
  // The stream broke, the peer refused, or it broke the rules. The session has ended already.
  virtual void on_ended(Session& session, const base::Error& reason) = 0;
};

class Session final : public port::StreamHandler {
 public:
  // Dialled when `dialled`: then target and channel say what is wanted. `local` and `owner` outlive
  // it.
  Session(port::Executor& executor, LocalIdentity& local, SessionOwner& owner, std::uint64_t id);
  void dialled(std::unique_ptr<port::Stream> stream, model::NodeId target, std::uint8_t channel);
  void accepted(std::unique_ptr<port::Stream> stream);

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] bool is_dialled() const { return dialled_; }
  [[nodiscard]] bool is_ready() const { return state_ == State::ready; }
  [[nodiscard]] bool has_ended() const { return state_ == State::ended; }
  // Known once admitted, before that what was wanted.
  [[nodiscard]] model::NodeId peer() const { return peer_; }
  [[nodiscard]] model::Incarnation incarnation() const { return incarnation_; }
  [[nodiscard]] std::uint8_t channel() const { return channel_; }
  [[nodiscard]] std::uint16_t version() const { return version_; }
  [[nodiscard]] base::Duration round_trip() const { return round_trip_; }
  [[nodiscard]] std::size_t pending_bytes() const;
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] base::Instant since() const { return since_; }

  // Sends one frame; `build` bytes were appended to frame_body() before. Only when ready.
  [[nodiscard]] std::string& begin_frame();
  void send_frame(std::uint8_t type, model::ShardId shard,
                  std::span<const base::Buffer> attached = {});

  // Ends the session: closes the stream after what is queued. No callback follows.
  void end();
  // Asks for a pong (when none is under way), and says how long nothing moved: no byte came and
  // none of those queued left.
  [[nodiscard]] base::Duration tick(base::Instant now, base::Duration ping_interval);

  std::size_t on_bytes(base::ByteView bytes) override;
  void on_closed(const base::Error& reason) override;

 private:
  enum class State : std::uint8_t { greeting, ready, ended };

  [[nodiscard]] base::Status handle_frame();
  [[nodiscard]] base::Status handle_greeting(codec::SessionFrame type);
  [[nodiscard]] base::Status handle_challenge();
  [[nodiscard]] base::Status handle_hello();
  [[nodiscard]] base::Status handle_welcome();
  [[nodiscard]] std::optional<codec::RefuseReason> judge_hello(const codec::PeerHello& hello);
  [[nodiscard]] std::optional<codec::RefuseReason> judge_welcome(const codec::PeerWelcome& welcome);
  [[nodiscard]] base::Status refuse(codec::RefuseReason reason);
  void send_session_frame(codec::SessionFrame type, base::ByteView body);
  void become_ready();
  void begin_stream(std::unique_ptr<port::Stream> stream);
  void fail(base::Error reason);

  port::Executor& executor_;
  LocalIdentity& local_;
  SessionOwner& owner_;
  std::uint64_t id_;
  std::unique_ptr<port::Stream> stream_;
  codec::PeerFrameReader reader_;
  codec::PeerFrameWriter writer_;
  std::string scratch_;  // the frame being built
  Transcript transcript_;
  std::string address_;
  base::Instant since_;
  base::Instant last_progress_;
  base::Instant last_ping_;
  std::uint64_t written_ = 0;  // bytes, since the beginning
  std::uint64_t last_sent_ = 0;
  base::Duration round_trip_;
  model::Incarnation incarnation_;
  model::NodeId peer_;
  std::uint16_t version_ = 0;
  std::uint8_t channel_ = kControl;
  State state_ = State::greeting;
  bool dialled_ = false;
};

}  // namespace ostraka::peer::internal
