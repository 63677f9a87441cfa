#include "router/internal/leader_side.h"

#include "codec/operation.h"

#include <algorithm>
#include <span>

namespace ostraka::router {

namespace {

constexpr std::size_t kReplyFrameBytes = 256U << 10;
// More replies than so many bytes in an interval go where entries go: heartbeats must not wait
// behind them. 160 KB/s leave room for heartbeats on any link that carries entries at all.
constexpr base::Duration kControlInterval = base::Duration::milliseconds(100);
constexpr std::size_t kControlBytesMax = 16U << 10;

std::uint16_t number_of(base::ErrorCode code) { return static_cast<std::uint16_t>(code); }

// Whether this version can read every one. A command that it cannot read must not get into the
// log: there it would stop every replica for good.
base::Status check_readable(std::span<const base::ByteView> commands) {
  codec::Operation operation;
  for (const base::ByteView command : commands) {
    codec::CommandReader reader(command);
    for (;;) {
      OSTRAKA_ASSIGN(const bool more, reader.next(operation));
      if (!more) {
        break;
      }
    }
  }
  return {};
}

}  // namespace

void RemoteRead::complete(const base::Result<base::ByteView>& results) {
  owner->on_read(*this, results);
}

LeaderSide::Asker& LeaderSide::asker(model::NodeId node) {
  const auto found = std::ranges::find(askers_, node, &Asker::node);
  if (found != askers_.end()) {
    return *found;
  }
  askers_.push_back(Asker{.node = node, .session = {}, .replies = {}, .began = {}});
  return askers_.back();
}

LeaderSide::Asker* LeaderSide::asker_of(model::SessionId session) {
  const auto found = std::ranges::find(askers_, session, &Asker::session);
  return found == askers_.end() ? nullptr : &*found;
}

void LeaderSide::on_request(model::NodeId from, base::ByteView body) {
  if (!decode_request(body, request_).has_value()) {
    return;  // a later version of a peer, or noise: the sender's retry ends at its deadline
  }
  Asker& asking = asker(from);
  asking.connected = true;
  switch (request_.kind) {
    case RequestKind::commands:
      take_commands(asking, request_.header);
      break;
    case RequestKind::register_session: {
      asking.session = request_.header.session;
      const base::Status status = context_.shard.register_session(asking.session);
      if (!status.has_value()) {
        refuse(asking, request_.header, 0, status.error().code);
      }
      break;
    }
    case RequestKind::reads:
      take_reads(from, body);
      break;
  }
}

void LeaderSide::take_commands(Asker& from, const CommandsHeader& header) {
  from.session = header.session;
  context_.counters.served += request_.commands.size();
  base::Status status = check_readable(request_.commands);
  if (status.has_value()) {
    status = context_.shard.submit_commands(header.session, header.first_serial,
                                            header.acknowledged, request_.commands);
  }
  if (!status.has_value()) {
    refuse(from, header, static_cast<std::uint32_t>(request_.commands.size()), status.error().code);
  }
}

void LeaderSide::take_reads(model::NodeId from, base::ByteView body) {
  context_.counters.served += request_.reads.size();
  const base::Buffer frame = base::Buffer::copy(body);
  // A read that completes at once may not use request_: walk a copy of what it says.
  const std::vector<ForwardedRead> reads = request_.reads;
  for (const ForwardedRead& item : reads) {
    if (free_.empty()) {
      pool_.emplace_back().owner = this;
      free_.push_back(&pool_.back());
    }
    RemoteRead& read = *free_.back();
    free_.pop_back();
    read.from = from;
    read.id = item.id;
    read.waiting = true;
    read.kind = replica::ReadKind::linearizable;
    read.command = frame.slice(static_cast<std::size_t>(item.command.data() - body.data()),
                               item.command.size());
    context_.shard.read(read);
  }
}

void LeaderSide::on_read(RemoteRead& read, const base::Result<base::ByteView>& results) {
  const model::NodeId from = read.from;
  ReplyRecord record{.kind = ReplyKind::read_result, .session = {}, .number = read.id};
  if (results.has_value()) {
    record.results = *results;
  } else {
    record.error = number_of(results.error().code);
  }
  read.command = base::Buffer();
  read.waiting = false;
  free_.push_back(&read);
  add_reply(asker(from), record);
}

void LeaderSide::refuse(Asker& to, const CommandsHeader& header, std::uint32_t count,
                        base::ErrorCode code) {
  add_reply(to, {.kind = ReplyKind::refused,
                 .session = header.session,
                 .number = header.first_serial.value(),
                 .count = count,
                 .error = number_of(code),
                 .results = {}});
}

void LeaderSide::on_result(model::SessionId session, model::Serial serial,
                           const base::Result<base::ByteView>& results) {
  Asker* to = asker_of(session);
  if (to == nullptr) {
    return;
  }
  ReplyRecord record{.kind = ReplyKind::result, .session = session, .number = serial.value()};
  if (results.has_value()) {
    record.results = *results;
  } else {
    record.error = number_of(results.error().code);
  }
  add_reply(*to, record);
}

void LeaderSide::on_refused(model::SessionId session, model::Serial first, std::uint32_t count,
                            base::ErrorCode code) {
  if (Asker* to = asker_of(session)) {
    refuse(*to, {.session = session, .first_serial = first, .acknowledged = {}}, count, code);
  }
}

void LeaderSide::add_reply(Asker& to, const ReplyRecord& record) {
  if (!to.connected) {
    return;
  }
  if (to.replies.empty()) {
    context_.request_flush();
  }
  encode_reply(to.replies, record);
  if (to.replies.size() >= kReplyFrameBytes) {
    send(to);
  }
}

// By the bytes of all recent replies, not of this one: many small ones fill a link as well, and
// under a steady load replies do not overtake each other.
peer::Channel LeaderSide::channel_for(Asker& to) const {
  const base::Instant now = context_.executor.now();
  if (now - to.began >= kControlInterval) {
    to.bytes_before = now - to.began < kControlInterval * 2 ? to.bytes : 0;
    to.bytes = 0;
    to.began = now;
  }
  to.bytes += to.replies.size();
  return std::max(to.bytes, to.bytes_before) > kControlBytesMax ? peer::Channel::bulk
                                                                : peer::Channel::control;
}

void LeaderSide::send(Asker& to) {
  if (!context_.transport.send_frame(to.node, channel_for(to), peer::FrameType::forward_reply,
                                     context_.options.shard, to.replies)) {
    to.lost = true;
    context_.request_flush();
  }
  to.replies.clear();
}

// Behind every reply that was not lost: bulk, as the slower of the two.
void LeaderSide::tell_lost(Asker& to) {
  std::string frame;
  encode_reply(frame, {.kind = ReplyKind::lost, .session = {}});
  to.lost = !context_.transport.send_frame(
      to.node, peer::Channel::bulk, peer::FrameType::forward_reply, context_.options.shard, frame);
}

void LeaderSide::flush() {
  for (Asker& to : askers_) {
    if (!to.replies.empty()) {
      send(to);
    }
    if (to.lost && to.connected) {
      tell_lost(to);
    }
  }
}

base::Instant LeaderSide::wake_at(base::Instant now) const {
  const bool owes =
      std::ranges::any_of(askers_, [](const Asker& each) { return each.lost && each.connected; });
  return owes ? now + context_.options.retry_interval : base::Instant::never();
}

void LeaderSide::on_connected(model::NodeId peer) {
  const auto found = std::ranges::find(askers_, peer, &Asker::node);
  if (found != askers_.end()) {
    found->connected = true;
    context_.request_flush();
  }
}

void LeaderSide::on_disconnected(model::NodeId peer) {
  const auto gone = std::ranges::find(askers_, peer, &Asker::node);
  if (gone == askers_.end()) {
    return;
  }
  gone->connected = false;
  gone->lost = true;
  gone->replies.clear();
  gone->session = model::SessionId{};
  for (RemoteRead& read : pool_) {
    if (read.waiting && read.from == peer) {
      context_.shard.cancel_read(read);
      read.waiting = false;
      read.command = base::Buffer();
      free_.push_back(&read);
    }
  }
}

void LeaderSide::stop() {
  for (RemoteRead& read : pool_) {
    if (read.waiting) {
      context_.shard.cancel_read(read);
      read.waiting = false;
      free_.push_back(&read);
    }
  }
  flush();
}

}  // namespace ostraka::router
