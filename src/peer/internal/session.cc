#include "peer/internal/session.h"

#include "base/assert.h"

#include <utility>

namespace ostraka::peer::internal {
namespace {

using codec::RefuseReason;
using codec::SessionFrame;

base::ErrorCode code_of(RefuseReason reason) {
  switch (reason) {
    case RefuseReason::malformed:
      return base::ErrorCode::malformed;
    case RefuseReason::version:
      return base::ErrorCode::unsupported;
    case RefuseReason::unauthenticated:
      return base::ErrorCode::unauthenticated;
    case RefuseReason::unknown_member:
      return base::ErrorCode::permission_denied;
    case RefuseReason::cluster:
    case RefuseReason::target:
    case RefuseReason::incarnation:
    case RefuseReason::engine:
      return base::ErrorCode::identity_mismatch;
  }
  return base::ErrorCode::malformed;
}

}  // namespace

Session::Session(port::Executor& executor, LocalIdentity& local, SessionOwner& owner,
                 std::uint64_t id)
    : executor_(executor),
      local_(local),
      owner_(owner),
      id_(id),
      reader_(codec::kPeerGreetingBytesMax, 0) {}

void Session::begin_stream(std::unique_ptr<port::Stream> stream) {
  stream_ = std::move(stream);
  address_ = stream_->peer_address();
  since_ = executor_.now();
  last_progress_ = since_;
  last_ping_ = since_;
  stream_->start(*this);
}

void Session::dialled(std::unique_ptr<port::Stream> stream, model::NodeId target,
                      std::uint8_t channel) {
  dialled_ = true;
  peer_ = target;
  channel_ = channel;
  begin_stream(std::move(stream));
}

void Session::accepted(std::unique_ptr<port::Stream> stream) {
  begin_stream(std::move(stream));
  codec::encode_challenge(
      codec::PeerChallenge{.version_min = kVersionMin,
                           .version_max = local_.version_max,
                           .nonce = make_nonce(local_.secret, local_.nonce_seed, local_.nonces++)},
      transcript_.challenge);
  send_session_frame(SessionFrame::challenge, transcript_.challenge);
}

std::size_t Session::pending_bytes() const {
  return stream_ == nullptr ? 0 : stream_->pending_bytes();
}

std::string& Session::begin_frame() {
  scratch_.clear();
  const std::size_t at = writer_.begin(scratch_);
  OSTRAKA_ASSERT(at == 0, "a frame begins the scratch buffer");
  return scratch_;
}

void Session::send_frame(std::uint8_t type, model::ShardId shard,
                         std::span<const base::Buffer> attached) {
  OSTRAKA_ASSERT(state_ != State::ended, "sending on a session that has ended");
  writer_.finish(scratch_, 0, {.body_bytes = 0, .type = type, .shard = shard}, attached);
  written_ += scratch_.size();
  stream_->write(base::ByteView(scratch_));
  for (const base::Buffer& piece : attached) {
    if (!piece.empty()) {
      written_ += piece.size();
      stream_->write(piece);
    }
  }
}

void Session::send_session_frame(SessionFrame type, base::ByteView body) {
  begin_frame().append(body);
  send_frame(static_cast<std::uint8_t>(type), model::ShardId());
}

void Session::end() {
  if (state_ != State::ended) {
    state_ = State::ended;
    stream_.reset();  // closes; what is queued still leaves
  }
}

// The reason is a copy: it may lie in the stream, which end() closes.
void Session::fail(base::Error reason) {  // NOLINT(performance-unnecessary-value-param): see above
  if (state_ != State::ended) {
    end();
    owner_.on_ended(*this, reason);
  }
}

base::Duration Session::tick(base::Instant now, base::Duration ping_interval) {
  // A queue that is being taken is a sign of life (a pong behind much data comes late); an empty
  // one is not: the kernel also takes bytes for a peer that has gone.
  const std::size_t pending = pending_bytes();
  const std::uint64_t sent = written_ - pending;
  if (pending > 0 && sent > last_sent_) {
    last_progress_ = now;
  }
  last_sent_ = sent;
  if (dialled_ && is_ready() && channel_ != kCall && now - last_ping_ >= ping_interval) {
    last_ping_ = now;
    std::string body;
    base::Writer(body).i64(now.as_nanoseconds());
    send_session_frame(SessionFrame::ping, body);
  }
  return now - last_progress_;
}

std::size_t Session::on_bytes(base::ByteView bytes) {
  last_progress_ = executor_.now();
  base::ByteView rest = bytes;
  while (state_ != State::ended) {
    const base::Result<bool> complete = reader_.next(rest);
    if (complete.has_value() && !*complete) {
      break;
    }
    base::Status status = complete.has_value() ? handle_frame() : std::unexpected(complete.error());
    if (!status.has_value() && state_ != State::ended) {
      fail(std::move(status).error());
    }
  }
  return state_ == State::ended ? bytes.size() : bytes.size() - rest.size();
}

void Session::on_closed(const base::Error& reason) { fail(reason); }

base::Status Session::handle_frame() {
  const std::uint8_t type = reader_.header().type;
  if (type > codec::kPeerApplicationFrameMax) {
    return handle_greeting(static_cast<SessionFrame>(type));
  }
  if (state_ != State::ready) {
    return base::fail(base::ErrorCode::unauthenticated, "peer frame before the greeting");
  }
  return owner_.on_frame(*this, reader_);
}

base::Status Session::handle_greeting(SessionFrame type) {
  const bool greeting = state_ == State::greeting;
  if (type == SessionFrame::challenge && greeting && dialled_ && transcript_.challenge.empty()) {
    return handle_challenge();
  }
  if (type == SessionFrame::hello && greeting && !dialled_) {
    return handle_hello();
  }
  if (type == SessionFrame::welcome && greeting && dialled_ && !transcript_.hello.empty()) {
    return handle_welcome();
  }
  if (type == SessionFrame::refuse && dialled_) {
    OSTRAKA_ASSIGN(const codec::PeerRefusal refusal, codec::decode_refusal(reader_.body()));
    return base::fail(code_of(refusal.reason),
                      "refused by " + address_ + ": " + std::string(name_of(refusal.reason)) +
                          (refusal.text.empty() ? "" : ", ") + refusal.text);
  }
  if (type == SessionFrame::ping && state_ == State::ready && !dialled_ &&
      reader_.body().size() == sizeof(std::int64_t)) {
    send_session_frame(SessionFrame::pong, reader_.body());
    return {};
  }
  if (type == SessionFrame::pong && state_ == State::ready && dialled_) {
    base::Reader body(reader_.body());
    if (body.i64() == last_ping_.as_nanoseconds() && body.finished()) {
      round_trip_ = executor_.now() - last_ping_;
    }
    return {};
  }
  return base::fail(base::ErrorCode::malformed, "peer frame out of place from " + address_);
}

base::Status Session::handle_challenge() {
  OSTRAKA_ASSIGN(const codec::PeerChallenge challenge, codec::decode_challenge(reader_.body()));
  if (!common_version(challenge.version_min, challenge.version_max).has_value()) {
    return refuse(RefuseReason::version);
  }
  transcript_.challenge = std::string(reader_.body());
  seal_hello(
      local_.secret,
      codec::PeerHello{.version_min = kVersionMin,
                       .version_max = local_.version_max,
                       .features = kFeatures,
                       .cluster = local_.cluster,
                       .node = local_.node,
                       .incarnation = local_.incarnation,
                       .target = peer_,
                       .channel = channel_,
                       .nonce = make_nonce(local_.secret, local_.nonce_seed, local_.nonces++),
                       .engine = local_.engine,
                       .mac = {}},
      transcript_);
  send_session_frame(SessionFrame::hello, transcript_.hello);
  return {};
}

base::Status Session::handle_hello() {
  OSTRAKA_ASSIGN(const codec::PeerHello hello, codec::decode_hello(reader_.body()));
  transcript_.hello = std::string(reader_.body());
  if (const auto reason = judge_hello(hello); reason.has_value()) {
    return refuse(*reason);
  }
  seal_welcome(local_.secret,
               codec::PeerWelcome{.version = version_,
                                  .features = kFeatures & hello.features,
                                  .cluster = local_.cluster,
                                  .node = local_.node,
                                  .incarnation = local_.incarnation,
                                  .engine = local_.engine,
                                  .mac = {}},
               transcript_);
  send_session_frame(SessionFrame::welcome, transcript_.welcome);
  become_ready();
  return {};
}

std::optional<RefuseReason> Session::judge_hello(const codec::PeerHello& hello) {
  const auto version = common_version(hello.version_min, hello.version_max);
  if (!version.has_value()) {
    return RefuseReason::version;
  }
  if (!verify_hello(local_.secret, transcript_)) {
    return RefuseReason::unauthenticated;
  }
  const bool may_be_new = hello.channel == kCall && hello.cluster.is_none();
  if (hello.cluster != local_.cluster && !may_be_new) {
    return RefuseReason::cluster;
  }
  if (!hello.target.is_none() && hello.target != local_.node) {
    return RefuseReason::target;
  }
  version_ = *version;
  peer_ = hello.node;
  incarnation_ = hello.incarnation;
  channel_ = hello.channel;
  if (channel_ == kCall) {
    return std::nullopt;
  }
  return hello.engine != local_.engine ? RefuseReason::engine : owner_.admit(*this);
}

base::Status Session::handle_welcome() {
  OSTRAKA_ASSIGN(const codec::PeerWelcome welcome, codec::decode_welcome(reader_.body()));
  transcript_.welcome = std::string(reader_.body());
  if (const auto reason = judge_welcome(welcome); reason.has_value()) {
    return refuse(*reason);
  }
  become_ready();
  return {};
}

std::optional<RefuseReason> Session::judge_welcome(const codec::PeerWelcome& welcome) {
  if (!verify_welcome(local_.secret, transcript_)) {
    return RefuseReason::unauthenticated;
  }
  if (welcome.version < kVersionMin || welcome.version > kVersionMax) {
    return RefuseReason::version;
  }
  version_ = welcome.version;
  incarnation_ = welcome.incarnation;
  if (channel_ == kCall) {
    return std::nullopt;  // the answer tells which cluster it is
  }
  if (welcome.cluster != local_.cluster) {
    return RefuseReason::cluster;
  }
  if (welcome.engine != local_.engine) {
    return RefuseReason::engine;
  }
  return welcome.node != peer_ ? RefuseReason::target : owner_.admit(*this);
}

// Tells the other side why, where it listens for that, and ends the session with the same reason.
base::Status Session::refuse(RefuseReason reason) {
  if (!dialled_) {
    std::string body;
    codec::encode_refusal({.reason = reason, .text = {}}, body);
    send_session_frame(SessionFrame::refuse, body);
  }
  return base::fail(
      code_of(reason),
      "refusing " + address_ +
          (peer_.is_none() ? std::string() : " (node " + std::to_string(peer_.value()) + ")") +
          ": " + std::string(name_of(reason)));
}

void Session::become_ready() {
  const FrameSeeds seeds = frame_seeds(local_.secret, transcript_);
  reader_.set(local_.frame_bytes_max, dialled_ ? seeds.from_acceptor : seeds.from_dialler);
  writer_.set_seed(dialled_ ? seeds.from_dialler : seeds.from_acceptor);
  transcript_ = {};
  state_ = State::ready;
  owner_.on_ready(*this);
}

}  // namespace ostraka::peer::internal
