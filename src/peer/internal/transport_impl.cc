#include "peer/internal/transport_impl.h"

#include "base/assert.h"
#include "codec/peer_frame_message.h"

#include <algorithm>
#include <utility>

namespace ostraka::peer::internal {
namespace {

static_assert(static_cast<std::uint8_t>(FrameType::admin_reply) == codec::kPeerApplicationFrameMax);

constexpr base::Duration kTick = base::Duration::milliseconds(500);
constexpr base::Duration kPingInterval = base::Duration::seconds(1);
constexpr base::Duration kGreetingTimeout = base::Duration::seconds(2);
constexpr base::Duration kSilenceMax = base::Duration::seconds(5);
constexpr base::Duration kCallMax = base::Duration::seconds(60);
// Connections of strangers that have not greeted yet, and calls under way; beyond, the oldest goes.
constexpr std::size_t kStrangersMax = 256;

}  // namespace

TransportImpl::TransportImpl(port::Executor& executor, port::Network& network,
                             TransportOptions options, std::uint64_t seed)
    : executor_(executor),
      network_(network),
      options_(std::move(options)),
      prng_(seed),
      local_{.cluster = options_.cluster,
             .node = options_.self,
             .incarnation = options_.incarnation,
             .engine = options_.engine,
             .secret = options_.peer_secret,
             .nonce_seed = prng_.next(),
             .nonces = 0,
             .frame_bytes_max = options_.frame_bytes_max,
             .version_max = static_cast<std::uint16_t>(
                 kVersionMax + (options_.mutant == Mutant::announce_next_version ? 1 : 0))},
      log_(options_.log, options_.log_interval) {
  tick_ = executor_.make_timer([this] { tick(); });
}

base::Status TransportImpl::start(const std::string& listen_address, TransportHandler& handler) {
  OSTRAKA_ASSERT(handler_ == nullptr, "start() is called once");
  OSTRAKA_ASSIGN(listener_, network_.listen(listen_address, [this](auto stream) {
    on_accepted(std::move(stream));
  }));
  handler_ = &handler;
  tick_->arm(executor_.now() + kTick);
  return {};
}

void TransportImpl::stop() {
  listener_.reset();
  tick_->disarm();
  while (!calls_.empty()) {
    finish_call(calls_.begin()->first, base::fail(base::ErrorCode::shutting_down));
  }
  for (auto& [id, peer] : peers_) {
    drop_link(peer);
  }
  peers_.clear();
  while (!sessions_.empty()) {
    remove_session(*sessions_.begin()->second);
  }
}

bool TransportImpl::may_queue(const Session& session, std::size_t bytes) const {
  const std::size_t pending = session.pending_bytes();
  const std::size_t bound =
      session.channel() == kBulk ? options_.bulk_bytes_max : options_.control_bytes_max;
  return bytes <= options_.frame_bytes_max && (pending == 0 || pending + bytes <= bound);
}

Session* TransportImpl::ready_session(model::NodeId to, Channel channel) {
  Peer* peer = find(to);
  if (options_.mutant == Mutant::one_connection) {
    channel = Channel::bulk;
  }
  return peer == nullptr || !peer->up ? nullptr : peer->out[static_cast<std::size_t>(channel)];
}

bool TransportImpl::send(model::ShardId shard, const protocol::Message& message,
                         std::span<const base::Buffer> payloads) {
  OSTRAKA_ASSERT(payloads.size() == message.entries.size(), "one payload for each entry");
  const bool bulk = !message.entries.empty() || message.behind_entries;
  Session* session = ready_session(message.to, bulk ? Channel::bulk : Channel::control);
  if (session == nullptr) {
    return false;
  }
  std::size_t payload_bytes = 0;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    OSTRAKA_ASSERT(payloads[i].size() == message.entries[i].payload_bytes,
                   "a payload is as long as its entry says");
    payload_bytes += payloads[i].size();
  }
  std::string& out = session->begin_frame();
  codec::encode_message(message, out);
  if (!may_queue(*session, out.size() + payload_bytes)) {
    return false;
  }
  session->send_frame(static_cast<std::uint8_t>(FrameType::protocol_message), shard, payloads);
  return true;
}

bool TransportImpl::send_frame(model::NodeId to, Channel channel, FrameType type,
                               model::ShardId shard, base::ByteView body) {
  if (to.is_none()) {
    return answer_call(shard.value(), type, body);
  }
  Session* session = ready_session(to, channel);
  if (session == nullptr || !may_queue(*session, codec::kPeerFrameHeaderBytes + body.size())) {
    return false;
  }
  session->begin_frame().append(body);
  session->send_frame(static_cast<std::uint8_t>(type), shard);
  return true;
}

Session& TransportImpl::add_session() {
  const std::uint64_t number = next_number_++;
  auto session =
      std::make_unique<Session>(executor_, local_, static_cast<SessionOwner&>(*this), number);
  return *sessions_.emplace(number, std::move(session)).first->second;
}

// Ends it and frees it when nothing on the stack can use it any more.
void TransportImpl::remove_session(Session& session) {
  session.end();
  auto node = sessions_.extract(session.id());
  OSTRAKA_ASSERT(!node.empty(), "a session is removed once");
  executor_.post([owned = std::move(node.mapped())] {});
}

void TransportImpl::on_accepted(std::unique_ptr<port::Stream> stream) {
  std::size_t strangers = 0;
  Session* oldest = nullptr;
  for (const auto& [number, session] : sessions_) {
    if (!session->is_dialled() && (!session->is_ready() || session->channel() == kCall)) {
      ++strangers;
      oldest = oldest == nullptr ? session.get() : oldest;
    }
  }
  if (strangers >= kStrangersMax) {
    remove_session(*oldest);
  }
  add_session().accepted(std::move(stream));
}

std::optional<codec::RefuseReason> TransportImpl::admit(Session& session) {
  Peer* peer = find(session.peer());
  if (peer == nullptr) {
    return codec::RefuseReason::unknown_member;
  }
  if (!peer->member.incarnation.is_none() && peer->member.incarnation != session.incarnation()) {
    return codec::RefuseReason::incarnation;
  }
  return std::nullopt;
}

void TransportImpl::on_ready(Session& session) {
  if (session.channel() == kCall) {
    if (const CallNumber number = session.is_dialled() ? call_of(session) : 0; number != 0) {
      const Call& call = calls_[number];
      session.begin_frame().append(call.body);
      session.send_frame(static_cast<std::uint8_t>(call.type), model::ShardId());
    }
    return;
  }
  Peer* peer = find(session.peer());
  OSTRAKA_ASSERT(peer != nullptr, "admitted sessions are of members");
  peer->member.incarnation = session.incarnation();
  if (!session.is_dialled()) {
    // A newer connection replaces one that may be half open.
    Session*& in = peer->in[session.channel()];
    if (Session* older = std::exchange(in, &session); older != nullptr) {
      remove_session(*older);
    }
    dial_again_now(*peer);
    return;
  }
  const bool both = std::ranges::all_of(
      peer->out, [](const Session* one) { return one != nullptr && one->is_ready(); });
  if (both) {
    peer->up = true;
    peer->failures = 0;
    const model::NodeId id = peer->member.id;
    if (std::exchange(peer->break_untold, false)) {
      handler_->on_disconnected(id, false);
    }
    handler_->on_connected(id);
  }
}

base::Status TransportImpl::on_frame(Session& session, codec::PeerFrameReader& frame) {
  const auto type = static_cast<FrameType>(frame.header().type);
  if (session.is_dialled()) {
    const CallNumber number = session.channel() == kCall ? call_of(session) : 0;
    if (number == 0) {
      return base::fail(base::ErrorCode::malformed, "peer frame against the direction");
    }
    finish_call(number, frame.take_body(0));
    return {};
  }
  if (session.channel() == kCall) {
    handler_->on_frame(model::NodeId(), type, model::ShardId(session.id()), frame.body());
    return {};
  }
  if (type == FrameType::protocol_message) {
    return on_message(session, frame);
  }
  handler_->on_frame(session.peer(), type, frame.header().shard, frame.body());
  return {};
}

base::Status TransportImpl::on_message(Session& session, codec::PeerFrameReader& frame) {
  received_.payloads.clear();
  received_.shard = frame.header().shard;
  protocol::Message& message = received_.message;
  OSTRAKA_ASSIGN(const std::size_t at, codec::decode_message(frame.body(), message));
  if (message.from != session.peer() || message.to != options_.self) {
    return base::fail(base::ErrorCode::malformed, "a message of another node than it came from");
  }
  if (!message.entries.empty()) {
    const base::Buffer payloads = frame.take_body(at);
    std::size_t offset = 0;
    for (const protocol::EntryMeta& entry : message.entries) {
      received_.payloads.push_back(payloads.slice(offset, entry.payload_bytes));
      offset += entry.payload_bytes;
    }
  }
  handler_->on_protocol_message(received_);
  return {};
}

void TransportImpl::on_ended(Session& session, const base::Error& reason) {
  const bool was_peer_gone = reason.code == base::ErrorCode::connection_closed;
  if (!was_peer_gone) {
    log_.report(executor_.now(), reason);
  }
  const CallNumber number = session.is_dialled() ? call_of(session) : 0;
  Peer* peer = session.channel() == kCall ? nullptr : find(session.peer());
  if (number != 0) {
    finish_call(number, std::unexpected(reason));
    return;
  }
  if (peer == nullptr) {
    remove_session(session);
    return;
  }
  if (session.is_dialled()) {
    link_failed(*peer, reason);  // removes both sessions of the link
    return;
  }
  if (Session*& in = peer->in[session.channel()]; in == &session) {
    in = nullptr;
  }
  remove_session(session);
}

void TransportImpl::tick() {
  tick_->arm(executor_.now() + kTick);
  const base::Instant now = executor_.now();
  std::vector<std::uint64_t> late;
  for (const auto& [number, session] : sessions_) {
    const base::Duration silent = session->tick(now, kPingInterval);
    const base::Duration age = now - session->since();
    const bool is_call = session->channel() == kCall && session->is_ready();
    if (!session->is_ready() ? age > kGreetingTimeout
                             : (is_call ? age > kCallMax : silent > kSilenceMax)) {
      late.push_back(number);
    }
  }
  for (const std::uint64_t number : late) {
    const auto found = sessions_.find(number);
    if (found != sessions_.end()) {
      Session& session = *found->second;
      const base::Error reason{base::ErrorCode::deadline_exceeded,
                               "nothing heard from " + session.address()};
      session.end();
      on_ended(session, reason);
    }
  }
}

}  // namespace ostraka::peer::internal

namespace ostraka::peer {

std::unique_ptr<Transport> make_transport(port::Executor& executor, port::Network& network,
                                          TransportOptions options, std::uint64_t seed) {
  return std::make_unique<internal::TransportImpl>(executor, network, std::move(options), seed);
}

}  // namespace ostraka::peer
